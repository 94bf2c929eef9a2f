"""SQL: what a blob says."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.files.models import FileText
from server.stores.postgres import AnyRow


async def text(connection: AsyncConnection, blob_key: str) -> AnyRow | None:
    """None of what says nothing that was looked for."""
    return (await connection.execute(select(FileText).where(FileText.blob_key == blob_key))).one_or_none()
