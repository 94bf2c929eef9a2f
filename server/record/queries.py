"""SQL: reading the record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.record.models import RecordEntry
from server.stores.postgres import AnyRow


async def entry(connection: AsyncConnection, number: int) -> AnyRow | None:
    return (await connection.execute(stored().where(RecordEntry.number == number))).one_or_none()


async def entries_after(connection: AsyncConnection, number: int, limit: int) -> Sequence[AnyRow]:
    """In the order of commit."""
    return (
        await connection.execute(stored().where(RecordEntry.number > number).order_by(RecordEntry.number).limit(limit))
    ).all()


async def head(connection: AsyncConnection) -> int:
    """The newest number; 0 when there is none."""
    return (await connection.execute(select(func.coalesce(func.max(RecordEntry.number), 0)))).scalar_one()


async def changes_after(connection: AsyncConnection, number: int, limit: int) -> Sequence[AnyRow]:
    """number, kind, locale and path of what changed, in the order of commit."""
    changes = select(RecordEntry.number, RecordEntry.kind, RecordEntry.locale, RecordEntry.path)
    return (
        await connection.execute(changes.where(RecordEntry.number > number).order_by(RecordEntry.number).limit(limit))
    ).all()


def stored() -> Any:
    return select(RecordEntry.body_bytes, RecordEntry.leaf_hash)
