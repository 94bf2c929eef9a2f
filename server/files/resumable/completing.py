"""When all bytes of an upload are there: they are brought into the quarantine, and examined. Where this breaks off, a job goes
on."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from server.background import tasks
from server.files.examining.pipeline import Pipeline
from server.files.examining.wanted import Confirm
from server.files.failures import SizeMismatch
from server.files.resumable import queries
from server.files.resumable.failures import OffsetMismatch, UploadIncomplete, UploadTakenOver
from server.files.resumable.pieces import FIELDS, UNKNOWN_TYPE, discarded, parts_of, tail_key
from server.files.resumable.removing import Removing
from server.files.resumable.rules import TAIL
from server.files.resumable.views import incoming
from server.files.stages import Way
from server.rpc.failures import Failure, Unavailable, Violation
from server.stores.blobs import BlobChanged, BlobNotFound, ObjectStorage, Stat
from server.stores.postgres import AnyRow, Database

ATTEMPTS = 3
"""How often somebody may put other bytes there while they are being moved."""


@dataclass(frozen=True)
class Completing:
    """Takes uploads from their last byte on."""

    database: Database
    storage: ObjectStorage
    pipeline: Pipeline
    removing: Removing
    patience: float = 60.0
    """Seconds that the job waits for one upload before it looks for the next."""

    async def settle(self, id: uuid.UUID, seconds: float, confirm: Confirm | None = None) -> AnyRow:
        """What has become of the file, after so many seconds at most."""
        return await self.pipeline.settle(id, seconds=seconds, confirm=confirm, fields=FIELDS)

    async def complete(self, id: uuid.UUID, parts: Sequence[tuple[int, int, str]] | None, seconds: float) -> bool:
        """Brings an upload's bytes into the quarantine, unless somebody else is about to. Whether they are there after so many
        seconds: it goes on, whoever waits. Raises UploadIncomplete, SizeMismatch, and what the storage does."""
        holder = uuid.uuid4()
        async with self.database.transaction() as connection:
            row = await queries.take_free(connection, id, holder, parts)
        if row is None:
            return False
        gathering = tasks.begin(self.gather(row))
        await asyncio.wait({gathering}, timeout=max(0.0, seconds))
        if not gathering.done():
            return False
        gathering.result()
        return True

    async def gather(self, row: Any) -> None:
        """Does it, for who holds the upload. What fails lets go of it."""
        try:
            if row.way != Way.RESUMABLE:
                await self.fetch(row)
            elif row.storage_upload and await self.assembled(row.key, row) is None:
                await self.begin_again(row)
        except BaseException as error:
            is_final = isinstance(error, Failure) and not isinstance(error, Unavailable)
            rest = {"next_attempt_time": None} if is_final else {}
            async with self.database.transaction() as connection:
                await queries.note(connection, row.id, row.holder, is_over=True, **rest)
            raise
        async with self.database.transaction() as connection:
            if not await queries.receive(connection, row):
                raise UploadTakenOver
        for part in parts_of(row):
            if part.number == TAIL:
                await discarded(self.storage, tail_key(row.key, part))

    async def begin_again(self, row: Any) -> None:
        """The storage has lost a part, or somebody who was late has put another in its place. Raises OffsetMismatch."""
        await self.storage.abandon(row.key, row.storage_upload)
        nothing: dict[str, Any] = {"parts": [], "received_bytes": 0, "storage_upload": "", "next_attempt_time": None}
        async with self.database.transaction() as connection:
            await queries.note(connection, row.id, row.holder, is_over=True, **nothing)
        raise OffsetMismatch(0)

    async def fetch(self, row: Any) -> None:
        """Takes what others have put into the object storage out of their reach, just as it is now."""
        for _ in range(ATTEMPTS):
            found = await self.found(row)
            if found is None:
                return
            if found.size != row.size_bytes:
                await self.removing.remove(row.id)
                raise SizeMismatch(Violation(FIELDS.size, f"says {row.size_bytes} bytes, and {found.size} came"))
            try:
                await self.storage.move(found.key, row.key, tag=found.tag, content_type=UNKNOWN_TYPE)
            except (BlobChanged, BlobNotFound):
                continue
            return
        raise incomplete()

    async def found(self, row: Any) -> Stat | None:
        """What others have put there; None if it is in the quarantine already. Raises UploadIncomplete."""
        key = incoming(row)
        stat = await self.storage.stat(key)
        if stat is None and row.way == Way.PARTS and row.parts:
            stat = await self.assembled(key, row)
        if stat is None and await self.storage.stat(row.key) is None:
            raise incomplete()
        return stat

    async def assembled(self, key: str, row: Any) -> Stat | None:
        """The blob that is made of the parts, or was made of them before. None where they are not there."""
        try:
            return await self.storage.assemble(key, row.storage_upload, [part for part in parts_of(row) if part.number != TAIL])
        except BlobNotFound:
            return None


def incomplete() -> UploadIncomplete:
    return UploadIncomplete(Violation("id", "names an upload of which the object storage has not all bytes"))
