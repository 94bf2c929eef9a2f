"""SQL: the pages of a list."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.delivery.models import Page
from server.stores.postgres import AnyRow


async def summaries(
    connection: AsyncConnection,
    *,
    organisation_id: uuid.UUID | None,
    content_type: str,
    locale: str,
    before: int | None,
    limit: int,
) -> Sequence[AnyRow]:
    """record_number and summary of the pages that match, newest first, from below `before`."""
    statement = select(Page.record_number, Page.summary).where(Page.summary.is_not(None))
    if organisation_id is not None:
        statement = statement.where(Page.organisation_id == organisation_id)
    if content_type:
        statement = statement.where(Page.content_type == content_type)
    if locale:
        statement = statement.where(Page.locale == locale)
    if before is not None:
        statement = statement.where(Page.record_number < before)
    return (await connection.execute(statement.order_by(Page.record_number.desc()).limit(limit))).all()
