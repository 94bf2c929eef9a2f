"""SQL: the pages of a list."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from server.delivery.models import Page
from server.rpc.lists.walks import Order
from server.stores.postgres import AnyRow

SORTS: dict[str, tuple[InstrumentedAttribute[Any], ...]] = {
    "first_publish_time": (Page.first_publish_time, Page.document_id),
    "publish_time": (Page.publish_time, Page.document_id),
}
"""What each order goes by. Times of publication are in the order of the record, and no two publications of a document have the
same. A page that is only rendered again keeps its place."""


async def summaries(
    connection: AsyncConnection,
    *,
    organisation_id: uuid.UUID | None,
    translation_key: uuid.UUID | None,
    content_type: str,
    locale: str,
    order: Order,
    last: Sequence[Any] | None,
    limit: int,
) -> Sequence[AnyRow]:
    """The summaries of the pages that match, with what orders go by; those after what was seen `last`."""
    statement = select(Page.publish_time, Page.first_publish_time, Page.document_id, Page.summary)
    statement = statement.where(Page.summary.is_not(None))
    if organisation_id is not None:
        statement = statement.where(Page.organisation_id == organisation_id)
    if translation_key is not None:
        statement = statement.where(Page.translation_key == translation_key)
    if content_type:
        statement = statement.where(Page.content_type == content_type)
    if locale:
        statement = statement.where(Page.locale == locale)
    sort = SORTS[order.field]
    if last is not None:
        place, seen = tuple_(*sort), tuple_(*(literal(value, each.type) for value, each in zip(last, sort, strict=True)))
        statement = statement.where(place < seen if order.is_newest_first else place > seen)
    columns = [each.desc() if order.is_newest_first else each for each in sort]
    return (await connection.execute(statement.order_by(*columns).limit(limit))).all()
