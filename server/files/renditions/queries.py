"""SQL: renditions that are there, and former versions of files."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import delete, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.files.models import File, FileVersion, Rendition
from server.stores.postgres import AnyRow

ALL = (Rendition.__table__,)


async def former(connection: AsyncConnection, id: uuid.UUID, version: int) -> AnyRow | None:
    """What a file was, as far as renditions ask for it. Its focal point is the file's own."""
    columns: tuple[Any, ...] = (
        FileVersion.file_id.label("id"),
        FileVersion.version,
        FileVersion.name,
        FileVersion.content_type,
        FileVersion.size_bytes,
        FileVersion.blob_key,
        FileVersion.facts,
        File.focal_x,
        File.focal_y,
        literal(False).label("is_public"),
    )
    asked = select(*columns).join(File, File.id == FileVersion.file_id)
    return (await connection.execute(asked.where(FileVersion.file_id == id, FileVersion.version == version))).one_or_none()


async def rendition(connection: AsyncConnection, blob_key: str, specification: str) -> AnyRow | None:
    asked = select(*ALL).where(Rendition.blob_key == blob_key, Rendition.specification == specification)
    return (await connection.execute(asked)).one_or_none()


async def add(connection: AsyncConnection, **columns: Any) -> AnyRow:
    row: AnyRow = (await connection.execute(insert(Rendition).values(**columns).returning(*ALL))).one()
    return row


async def remove(connection: AsyncConnection, blob_key: str, specification: str) -> None:
    of_it = delete(Rendition).where(Rendition.blob_key == blob_key, Rendition.specification == specification)
    await connection.execute(of_it)
