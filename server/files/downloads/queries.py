"""SQL: the file that somebody asks for."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.files.models import File, FileVersion
from server.files.standing import IS_PUBLIC
from server.stores.postgres import AnyRow


async def file(connection: AsyncConnection, id: uuid.UUID) -> AnyRow | None:
    """In whatever state it is, with `is_public`: whether a page has it now. That is asked each time, so nothing has to hear of
    what became of pages."""
    return (await connection.execute(select(File, IS_PUBLIC).where(File.id == id))).one_or_none()


async def former(connection: AsyncConnection, id: uuid.UUID, version: int) -> AnyRow | None:
    """What the file was before it was replaced."""
    named = select(FileVersion).where(FileVersion.file_id == id, FileVersion.version == version)
    return (await connection.execute(named)).one_or_none()
