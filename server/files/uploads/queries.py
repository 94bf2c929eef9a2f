"""Files in the database."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.files.v1.file_pb2 import FileState
from server.files.models import File
from server.stores.postgres import AnyRow

PENDING, READY = FileState.FILE_STATE_PENDING, FileState.FILE_STATE_READY


async def add_pending(connection: AsyncConnection, **columns: Any) -> None:
    """Adds a file whose bytes are to come; `sha256` is known when they are there."""
    await connection.execute(insert(File).values(state=PENDING, sha256="", **columns))


async def make_ready(connection: AsyncConnection, pending_id: uuid.UUID, sha256: str, **more: Any) -> AnyRow:
    """The file, which gets another id, size and other times if they are given."""
    statement = update(File).where(File.id == pending_id, File.state == PENDING)
    return (await connection.execute(statement.values(state=READY, sha256=sha256, **more).returning(File))).one()


async def ready(connection: AsyncConnection, id: uuid.UUID) -> AnyRow | None:
    return (await connection.execute(select(File).where(File.id == id, File.state == READY))).one_or_none()


async def remove_pending(connection: AsyncConnection, id: uuid.UUID) -> str | None:
    """The removed file's blob key; None when there is no such file, or it is ready after all."""
    statement = delete(File).where(File.id == id, File.state == PENDING).returning(File.blob_key)
    return (await connection.execute(statement)).scalar_one_or_none()


async def abandoned(connection: AsyncConnection, age: timedelta) -> uuid.UUID | None:
    """A file that has been pending for longer than `age`, now locked; None when there is none that nobody else has locked."""
    statement = (
        select(File.id)
        .where(File.state == PENDING, File.create_time < func.now() - age)
        .order_by(File.create_time)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return (await connection.execute(statement)).scalar_one_or_none()
