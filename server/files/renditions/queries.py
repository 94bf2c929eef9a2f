"""SQL: renditions that are there."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.files.models import Rendition
from server.stores.postgres import AnyRow

ALL = (Rendition.__table__,)


async def rendition(connection: AsyncConnection, blob_key: str, specification: str) -> AnyRow | None:
    asked = select(*ALL).where(Rendition.blob_key == blob_key, Rendition.specification == specification)
    return (await connection.execute(asked)).one_or_none()


async def add(connection: AsyncConnection, **columns: Any) -> AnyRow:
    row: AnyRow = (await connection.execute(insert(Rendition).values(**columns).returning(*ALL))).one()
    return row


async def remove(connection: AsyncConnection, blob_key: str, specification: str) -> None:
    of_it = delete(Rendition).where(Rendition.blob_key == blob_key, Rendition.specification == specification)
    await connection.execute(of_it)
