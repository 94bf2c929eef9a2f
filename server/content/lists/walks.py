"""How somebody walks through a list of documents."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

import asyncpg

from server.content.lists import orders, queries
from server.content.lists.filters import are_skewed
from server.content.lists.orders import FIELDS, terms
from server.rpc.lists.walks import Found, Key, Order, Walk
from server.stores.horizon import HORIZON
from server.stores.statements import Row

DEFAULT = "create_time desc"
BEFORE_ALL = str(uuid.UUID(int=0))


def walk(connection: asyncpg.Connection, order_by: str, filters: Mapping[str, Any], *, is_full: bool) -> Walk[Row]:
    """Through the documents that match the filters, in the order that `order_by` names. Raises FieldTwice."""
    order = Order.named(order_by, DEFAULT)

    async def read(order: Order, last: Key | None, limit: int) -> Found[Row]:
        seen = queries.place(order, last) if last else {}
        statement = queries.documents(filters, order, limit, goes_on=bool(seen), is_full=is_full)
        read_all = statement.all_planned if are_skewed(filters) else statement.all
        rows = await read_all(connection, **filters, **seen)
        return Found(rows[:limit], is_full and bool(rows) and len(rows) < rows[0].found)

    return Walk(
        order,
        orders.moves(order),
        read,
        partial(key, order),
        partial(horizon, connection),
        orders.changes(order),
        change,
    )


def key(order: Order, row: Row) -> Key:
    """A document's place, read in this order."""
    return [*(FIELDS[term.field].said(getattr(row, f"key_{at}")) for at, term in enumerate(terms(order))), str(row.id)]


def change(row: Row) -> Key:
    """Its place among the changes."""
    return [row.update_time.isoformat(), str(row.id)]


async def horizon(connection: asyncpg.Connection) -> Key:
    """Before all that may still be changed."""
    return [(await HORIZON.value(connection)).isoformat(), BEFORE_ALL]
