"""SQL: the file that somebody asks for."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.files.models import File
from server.stores.postgres import AnyRow


async def file(connection: AsyncConnection, id: uuid.UUID) -> AnyRow | None:
    return (await connection.execute(select(File).where(File.id == id))).one_or_none()
