"""SQL: revisions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.content.models import Revision
from server.stores.postgres import AnyRow


async def revision(connection: AsyncConnection, document_id: uuid.UUID, number: int) -> AnyRow:
    statement = select(Revision).where(Revision.document_id == document_id, Revision.number == number)
    return (await connection.execute(statement)).one()


async def revisions(connection: AsyncConnection, document_id: uuid.UUID, *, before: int | None, limit: int) -> Sequence[AnyRow]:
    """Newest first, from below number `before`."""
    statement = select(Revision).where(Revision.document_id == document_id)
    if before is not None:
        statement = statement.where(Revision.number < before)
    return (await connection.execute(statement.order_by(Revision.number.desc()).limit(limit))).all()


async def insert_revision(connection: AsyncConnection, **revision: Any) -> None:
    await connection.execute(insert(Revision), revision)


async def authors_since(connection: AsyncConnection, document_id: uuid.UUID, number: int) -> frozenset[uuid.UUID]:
    """Who wrote the revisions after this number."""
    statement = select(Revision.author_id).distinct().where(Revision.document_id == document_id, Revision.number > number)
    return frozenset((await connection.execute(statement)).scalars())
