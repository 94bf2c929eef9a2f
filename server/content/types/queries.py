"""SQL: content types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.content.models import ContentType
from server.content.types.held import CHANNEL
from server.stores.postgres import AnyRow


async def content_type(connection: AsyncConnection, name: str, *, lock: bool = False) -> AnyRow | None:
    statement = select(ContentType).where(ContentType.name == name)
    return (await connection.execute(statement.with_for_update() if lock else statement)).one_or_none()


async def content_types(connection: AsyncConnection, *, after: str, limit: int) -> Sequence[AnyRow]:
    """By name, from behind `after`."""
    statement = select(ContentType).where(ContentType.name > after)
    return (await connection.execute(statement.order_by(ContentType.name).limit(limit))).all()


async def insert_content_type(connection: AsyncConnection, **content_type: Any) -> AnyRow | None:
    """The new content type; None when there is one of its name."""
    statement = upsert(ContentType).values(version=1, **content_type).on_conflict_do_nothing()
    made: AnyRow | None = (await connection.execute(statement.returning(ContentType.__table__))).one_or_none()
    return made


async def update_content_type(connection: AsyncConnection, name: str, **changed: Any) -> AnyRow:
    """The changed content type. Every process is told at commit."""
    statement = update(ContentType).where(ContentType.name == name)
    statement = statement.values(version=ContentType.version + 1, update_time=func.now(), **changed)
    row = statement.returning(ContentType.__table__).cte("changed")
    return (await connection.execute(select(row, func.pg_notify(CHANNEL, row.c.name)))).one()
