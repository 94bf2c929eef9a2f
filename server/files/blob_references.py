"""Who refers to a blob. Files, their former versions and uploads that become one do, by its key; nothing is counted.

Whoever is about to refer to a blob, and whoever takes one away, holds the blob's lock to the end of the transaction: so no blob
goes that somebody has just begun to refer to. The reference is committed before the bytes are put under the key.
"""

from __future__ import annotations

from sqlalchemy import delete, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.files.models import File, FileText, FileVersion, Rendition, Upload
from server.stores.blobs import ObjectStorage


async def lock(connection: AsyncConnection, key: str) -> None:
    """Nobody else begins to refer to the blob, or takes it away, before this transaction has ended."""
    await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


async def is_referenced(connection: AsyncConnection, key: str) -> bool:
    """Whether anything refers to the blob, as far as this transaction sees."""
    found = (exists().where(each.blob_key == key) for each in (File, FileVersion, Upload))
    return bool((await connection.execute(select(or_(*found)))).scalar_one())


async def release(connection: AsyncConnection, storage: ObjectStorage, key: str) -> bool:
    """Removes the blob, what was made from it and what it says, if nothing refers to it any more. Whether it did.

    Whoever takes away several in one transaction does so in the order of their keys.
    """
    if not key:
        return False
    await lock(connection, key)
    if await is_referenced(connection, key):
        return False
    made = delete(Rendition).where(Rendition.blob_key == key).returning(Rendition.key)
    renditions = (await connection.execute(made)).scalars().all()
    await connection.execute(delete(FileText).where(FileText.blob_key == key))
    for each in (*renditions, key):
        await storage.delete(each)
    return True
