"""Files in the database."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import delete, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.files.v1.file_pb2 import FileState
from server.files.models import File, Upload
from server.stores.postgres import AnyRow

PENDING, READY = FileState.FILE_STATE_PENDING, FileState.FILE_STATE_READY


async def ready(connection: AsyncConnection, id: uuid.UUID) -> AnyRow | None:
    return (await connection.execute(select(File).where(File.id == id, File.state == READY))).one_or_none()


async def remove_abandoned(connection: AsyncConnection, age: timedelta) -> str | None:
    """Removes a file that has been pending for longer than `age`, and that no upload becomes. Its blob's key; None where there
    is none that nobody else has locked."""
    wanted = (
        select(File.id)
        .where(File.state == PENDING, File.create_time < func.now() - age, ~exists().where(Upload.file_id == File.id))
        .order_by(File.create_time)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    removed = delete(File).where(File.id.in_(wanted)).returning(File.blob_key)
    return (await connection.execute(removed)).scalar_one_or_none()
