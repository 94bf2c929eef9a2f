"""Takes away uploads that are given up, or have had their time: their bytes, and the files that they were to become."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from server.files.quotas import reserving
from server.files.resumable import queries
from server.files.resumable.pieces import parts_of, tail_key
from server.files.resumable.rules import TAIL
from server.files.resumable.views import incoming
from server.files.stages import Way
from server.stores.blobs import ObjectStorage
from server.stores.postgres import Database


@dataclass(frozen=True)
class Removing:
    """Removes the bytes first, and then the rows: what could not be removed is still known of."""

    database: Database
    storage: ObjectStorage

    async def remove(self, id: uuid.UUID) -> bool:
        """Whether there was such an upload, whose bytes were still coming."""
        async with self.database.transaction() as connection:
            row = await queries.locked(connection, id)
            if row is not None:
                await self.remove_within(connection, row)
        return row is not None

    async def remove_within(self, connection: AsyncConnection, row: Any) -> None:
        """`row` is locked. Whoever is at it finds out when they note how far they have come."""
        await remove_bytes(self.storage, row)
        await queries.remove(connection, row)
        await reserving.give_back(connection, row.organisation_id, row.size_bytes)

    async def expire(self) -> int:
        """Removes uploads that have had their time, one in a transaction. How many there were."""
        count = 0
        while await self.expire_one():
            count += 1
        return count

    async def expire_one(self) -> bool:
        async with self.database.transaction() as connection:
            row = await queries.expired(connection)
            if row is not None:
                await self.remove_within(connection, row)
            return row is not None


async def remove_bytes(storage: ObjectStorage, upload: Any) -> None:
    """Removes what has come of an upload, by whatever way."""
    key = incoming(upload) if upload.way in {Way.FORM, Way.PARTS} else upload.key
    if upload.storage_upload:
        await storage.abandon(key, upload.storage_upload)
    tails = [tail_key(upload.key, part) for part in parts_of(upload) if part.number == TAIL]
    for each in dict.fromkeys((key, upload.key, *tails)):
        if each:  # of what was rejected, the bytes are gone
            await storage.delete(each)
