"""Files in the database."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.files.v1.file_pb2 import FileState
from server.database import AnyRow
from server.files.models import File

PENDING, READY = FileState.FILE_STATE_PENDING, FileState.FILE_STATE_READY


async def file(connection: AsyncConnection, id: uuid.UUID) -> AnyRow | None:
    return (await connection.execute(select(File).where(File.id == id))).one_or_none()


async def add_pending(connection: AsyncConnection, **columns: Any) -> None:
    """Adds a file whose bytes are to come; `sha256` is known when they are there."""
    await connection.execute(insert(File).values(state=PENDING, sha256="", **columns))


async def make_ready(connection: AsyncConnection, id: uuid.UUID, sha256: str) -> AnyRow:
    statement = update(File).where(File.id == id, File.state == PENDING).values(state=READY, sha256=sha256).returning(File)
    return (await connection.execute(statement)).one()


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


async def publish(
    connection: AsyncConnection, ids: Sequence[uuid.UUID], organisation_id: uuid.UUID, publish_time: datetime
) -> list[AnyRow]:
    """Makes these files of the organisation public, if they are not, and answers them in the order of `ids`. What is not there,
    not ready or somebody else's is not in the answer."""
    statement = (
        update(File)
        .where(File.id.in_(ids), File.organisation_id == organisation_id, File.state == READY)
        .values(publish_time=func.coalesce(File.publish_time, publish_time))
        .returning(File.id, File.name, File.content_type, File.size_bytes, File.alternative_text)
    )
    rows = {row.id: row for row in await connection.execute(statement)}
    return [rows[id] for id in ids if id in rows]
