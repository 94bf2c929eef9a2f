"""How somebody walks through a list of pages."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.delivery.v1 import delivery_service_pb2 as rpc
from server.delivery.lists import queries
from server.rpc.lists.paging import InvalidPageToken, Page
from server.rpc.lists.walks import Found, Key, Order, Walk
from server.stores.postgres import AnyRow

DEFAULT = "first_publish_time desc"
MOVING = "publish_time"
SEEN = 4
"""Where in a token's position, behind the walk's own, it says what of the record the part before has shown."""

KEYS: Mapping[str, Callable[[AnyRow], Key]] = {
    "first_publish_time": lambda row: [row.first_publish_time.isoformat(), str(row.document_id)],
    "publish_time": lambda row: [row.publish_time.isoformat(), str(row.document_id)],
}


def place(key: Key) -> Sequence[Any]:
    """A time and a document's id. Raises InvalidPageToken for what another release has made."""
    if len(key) != len(("time", "id")) or not all(isinstance(each, str) for each in key):
        raise InvalidPageToken
    return [datetime.fromisoformat(key[0]), uuid.UUID(key[1])]


def walk(connection: AsyncConnection, request: rpc.ListPagesRequest) -> Walk[AnyRow]:
    """Through the pages that the request asks for, in its order. No horizon is needed: times of publication are those of the
    record, which are in the order of commit."""
    order = Order.named(request.order_by, DEFAULT)

    async def read(order: Order, last: Key | None, limit: int) -> Found[AnyRow]:
        rows = await queries.summaries(
            connection,
            organisation_id=uuid.UUID(request.organisation_id) if request.organisation_id else None,
            translation_key=uuid.UUID(request.translation_key) if request.translation_key else None,
            content_type=request.content_type,
            locale=request.locale,
            order=order,
            last=None if last is None else place(last),
            limit=limit,
        )
        return Found(rows)

    return Walk(order, order.field == MOVING, read, KEYS[order.field])


def seen(page: Page) -> int:
    """Which entry of the record the part before has shown: no part is older than the one before it. Raises InvalidPageToken for
    what another release has made."""
    if page.position is None:
        return 0
    if len(page.position) != SEEN + 1:
        raise InvalidPageToken
    return int(page.position[SEEN])
