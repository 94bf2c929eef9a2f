"""A file that goes for good: its row with all that stands beside it, and then its bytes, as far as nothing else has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.files.v1.file_pb2 import FileState
from server import audit
from server.background.jobs import Job
from server.files import blob_references
from server.files.managing import queries, rules
from server.files.models import File, Upload
from server.files.quotas import reserving
from server.files.resumable.removing import remove_bytes
from server.files.stages import Stage
from server.rpc.failures import Unavailable
from server.stores.blobs import ObjectStorage
from server.stores.postgres import AnyRow, Database
from server.stores.retention import Expired

log = structlog.get_logger(__name__)

SECONDS = 3600.0
READY = FileState.FILE_STATE_READY


class Left(NamedTuple):
    """What is in the storage of a file whose row is gone."""

    blob_keys: Sequence[str]
    uploads: Sequence[AnyRow]


@dataclass(frozen=True)
class Removal:
    """Removes files."""

    database: Database
    storage: ObjectStorage

    async def row(self, connection: AsyncConnection, file: AnyRow) -> Left:
        """Removes the row of a file that is locked, with its versions and what is on its way to become one, and gives back what
        they took up."""
        uploads = await queries.uploads(connection, file.id)
        former = await queries.former_blobs(connection, file.id)
        await queries.remove(connection, file.id)
        size = sum(each.size_bytes for each in former) + (file.size_bytes if file.state == READY else 0)
        await reserving.give_back(connection, file.organisation_id, size + on_the_way(uploads))
        keys = {file.blob_key, *(each.blob_key for each in former), *(each.blob_key for each in uploads)}
        return Left(sorted(keys - {""}), uploads)

    async def uploads(self, connection: AsyncConnection, file: AnyRow) -> Left:
        """Gives up what is on its way to take the file's place."""
        uploads = await queries.uploads(connection, file.id)
        if not uploads:
            return Left((), ())
        await queries.remove_uploads(connection, file.id)
        await reserving.give_back(connection, file.organisation_id, on_the_way(uploads))
        return Left(sorted({each.blob_key for each in uploads} - {""}), uploads)

    async def bytes(self, left: Left) -> None:
        """Removes what a file has left, after its row has gone. What the storage does not let go of now is an orphan, which the
        sweep takes away."""
        try:
            for upload in left.uploads:
                await remove_bytes(self.storage, upload)
            for key in left.blob_keys:
                async with self.database.transaction() as connection:
                    await blob_references.release(connection, self.storage, key)
        except Unavailable:
            log.warning("the bytes of a file that is gone could not be removed", keys=left.blob_keys)

    async def whole(self, connection: AsyncConnection, file: AnyRow) -> None:
        """Removes a file that nobody waits for, and says so on the audit. Its row goes only if its bytes went."""
        left = await self.row(connection, file)
        await audit.add(connection, "file.remove", file.id, organisation_id=file.organisation_id, **rules.told(file))
        for upload in left.uploads:
            await remove_bytes(self.storage, upload)
        for key in left.blob_keys:
            await blob_references.release(connection, self.storage, key)

    async def remove_deleted(self) -> int:
        """Removes those that were deleted long ago, one in a transaction. How many there were."""
        count = 0
        while await self.remove_one():
            count += 1
        return count

    async def remove_one(self) -> bool:
        async with self.database.transaction() as connection:
            file = await queries.deleted(connection, rules.KEPT)
            if file is None:
                return False
            await self.whole(connection, file)
        return True

    def job(self) -> Job:
        """No two processes remove the same one."""

        async def work() -> None:
            if count := await self.remove_deleted():
                log.info("deleted files removed", count=count)

        return Job("removal of deleted files", work, seconds=SECONDS)


def on_the_way(uploads: Sequence[AnyRow]) -> int:
    """How many bytes were reserved for these."""
    return sum(each.size_bytes for each in uploads if each.stage != Stage.REJECTED)


def rejections() -> tuple[Expired, ...]:
    """What was refused, once its uploader had the time to read why: nothing of it is in the storage."""
    return Expired(File, queries.rejected(rules.KEPT)), Expired(Upload, queries.rejected_replacements(rules.KEPT))
