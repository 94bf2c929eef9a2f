"""SQL: content types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Text, cast, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.content.models import ContentType
from server.content.types.held import CHANNEL
from server.rpc.answers import MOST_OF_A_LIST
from server.stores.postgres import AnyRow


async def content_type(connection: AsyncConnection, name: str, *, lock: bool = False) -> AnyRow | None:
    statement = select(ContentType).where(ContentType.name == name)
    return (await connection.execute(statement.with_for_update() if lock else statement)).one_or_none()


async def content_types(connection: AsyncConnection, *, after: str, limit: int, is_full: bool = False) -> Sequence[AnyRow]:
    """By name, from behind `after`, without their schemas unless they are to be full: then fewer than the limit, where these
    are large, and with how many were `found`."""
    columns = [column for column in ContentType.__table__.c if is_full or column.key != "details_schema"]
    statement = select(*columns).where(ContentType.name > after).order_by(ContentType.name).limit(limit)
    if is_full:
        first = statement.subquery()
        size = func.octet_length(cast(first.c.details_schema, Text))
        above = func.coalesce(func.sum(size).over(order_by=first.c.name, rows=(None, -1)), 0).label("above")
        whole = select(first, above, func.count().over().label("found")).subquery()
        statement = select(whole).where(whole.c.above < MOST_OF_A_LIST).order_by(whole.c.name)
    return (await connection.execute(statement)).all()


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
