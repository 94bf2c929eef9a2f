"""SQL: the file that somebody asks for."""

from __future__ import annotations

import uuid

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.files.models import File, PageFile
from server.stores.postgres import AnyRow

IS_PUBLIC = exists().where(PageFile.file_id == File.id).label("is_public")


async def file(connection: AsyncConnection, id: uuid.UUID) -> AnyRow | None:
    """With `is_public`: whether a page has it now. That is asked each time, so nothing has to hear of what became of pages."""
    return (await connection.execute(select(File, IS_PUBLIC).where(File.id == id))).one_or_none()
