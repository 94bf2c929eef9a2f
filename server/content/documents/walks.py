"""How somebody walks through a list of documents."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import asyncpg

from server.content.documents import queries
from server.rpc.lists.walks import Found, Key, Order, Walk
from server.stores.horizon import HORIZON
from server.stores.statements import Row

DEFAULT = "create_time desc"
BEFORE_ALL = str(uuid.UUID(int=0))


def walk(connection: asyncpg.Connection, order_by: str, filters: Mapping[str, Any], *, is_full: bool) -> Walk[Row]:
    """Through the documents that match the filters of `queries.documents`, in the order that `order_by` names."""
    order = Order.named(order_by, DEFAULT)

    async def read(order: Order, last: Key | None, limit: int) -> Found[Row]:
        seen = {"last_time": datetime.fromisoformat(last[0]), "last_id": uuid.UUID(last[1])} if last else {}
        statement = queries.documents(filters, order, limit, goes_on=bool(seen), is_full=is_full)
        rows = await statement.all(connection, **filters, **seen)
        return Found(rows[:limit], is_full and bool(rows) and len(rows) < rows[0].found)

    return Walk(order, order.field == "update_time", read, partial(key, order), partial(horizon, connection))


def key(order: Order, row: Row) -> Key:
    return [getattr(row, order.field).isoformat(), str(row.id)]


async def horizon(connection: asyncpg.Connection) -> Key:
    """Before all that may still be changed."""
    return [(await HORIZON.value(connection)).isoformat(), BEFORE_ALL]
