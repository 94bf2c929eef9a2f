"""From bytes in the quarantine to a file: examined, promoted, made ready; or rejected.

Each step is committed before the next begins, and says enough for somebody else to go on: what an upload is to become is known
before its bytes are put there, and its row goes in the transaction that makes the file ready.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from server import audit
from server.background import tasks
from server.files import blob_references, failures
from server.files.examining import copies, finishing, queries
from server.files.examining.examination import Announced, Examination, Examined
from server.files.examining.found import Found
from server.files.examining.rejecting import Rejecting
from server.files.examining.wanted import Confirm, Finish, Wanted, nothing
from server.files.fields import Fields
from server.files.quotas import reserving
from server.files.stages import Stage
from server.files.succession.succession import Succession
from server.rpc.failures import Failure, ResourceExhausted, Unavailable, Violation
from server.stores.blobs import BlobChanged, BlobNotFound, ObjectStorage, StorageUnavailable
from server.stores.postgres import AnyRow, Database

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(minutes=5)
LOOK_SECONDS = 0.25
"""Between looks at an upload that somebody else is at."""


class TakenOver(Exception):
    """Somebody else is at the upload by now."""


@dataclass(frozen=True)
class Pipeline:
    """Takes uploads whose bytes are all in the quarantine to their end, in the call that brought them or in the background."""

    database: Database
    storage: ObjectStorage
    examination: Examination
    succession: Succession | None = None
    """How an upload takes the place of a file that there is; None where none does."""

    async def settle(
        self,
        upload_id: uuid.UUID,
        *,
        seconds: float,
        confirm: Confirm | None = None,
        finish: Finish | None = None,
        fields: Fields | None = None,
    ) -> AnyRow:
        """Examines an upload that is RECEIVED, and makes its file READY. Returns the file's row as it stands after so many
        seconds at most: SCANNING where that was not enough, PENDING where the scanner is away; then a job goes on, and nothing
        is finished that was to be.

        Raises what the file is rejected for (`failures.Rejected`), once that is recorded, and what `confirm` and `finish`
        raise, which leave nothing of the upload.
        """
        wanted = Wanted(confirm or nothing, finish or nothing)
        if fields is not None:
            wanted = Wanted(wanted.confirm, wanted.finish, fields)
        async with self.database.transaction() as connection:
            upload = await queries.claim(connection, upload_id, uuid.uuid4())
        if upload is None:
            return await self.awaited(upload_id, seconds)
        work = tasks.begin(self.attempt(upload, wanted))
        done, _ = await asyncio.wait({work}, timeout=seconds)
        return work.result() if done else await self.standing(upload)

    async def attempt(self, upload: AnyRow, wanted: Wanted) -> AnyRow:
        """Takes an upload to its end that its holder has, or puts it off. The file's row. Raises as `settle`."""
        try:
            async with self.holding(upload):
                return await self.taken(upload, wanted)
        except failures.Rejected:
            raise
        except TakenOver:
            pass
        except (Unavailable, ResourceExhausted) as error:
            log.info("an upload waits", upload=str(upload.id), error=type(error).__name__)
            await self.put_off(upload)
        except Failure:
            await self.undo(upload.id)
            raise
        except Exception:
            log.exception("an upload could not be examined", upload=str(upload.id))
            await self.put_off(upload)
        return await self.standing(upload)

    async def taken(self, upload: AnyRow, wanted: Wanted, announced: Announced | None = None) -> AnyRow:
        """The file that an upload has become. Raises Rejected, once that is recorded; TakenOver, and what keeps it from its end
        for now."""
        try:
            found = await self.promoted(upload, wanted, announced or Announced(upload.name, upload.size_bytes, upload.sha256))
        except failures.Rejected as rejected:
            await Rejecting(self.database, self.storage).reject(upload, rejected, wanted.fields)
            raise
        return await self.complete(upload, found, wanted)

    async def promoted(self, upload: AnyRow, wanted: Wanted, announced: Announced) -> Found:
        """What was found in it; it is where it is to be."""
        if upload.stage == Stage.PROMOTING and (found := await self.promoted_before(upload, wanted.fields)) is not None:
            return found
        try:
            examination = self.examination.examined(upload.key, announced, wanted.fields, is_restored=wanted.is_restored)
            async with examination as examined:
                await wanted.confirm()
                await self.intend(upload, examined)
                await self.promote(upload.key, examined.found, examined.cleaned_path)
                return examined.found
        except (BlobNotFound, BlobChanged):
            raise changed(wanted.fields) from None

    async def promoted_before(self, upload: AnyRow, fields: Fields) -> Found | None:
        """What somebody found in it who got no further. None where it is to be examined anew, since what was made of it is
        gone."""
        found = Found.of(upload.found)
        if found.is_cleaned:
            if await self.storage.stat(found.blob_key) is None:
                return None
            await self.storage.delete(upload.key)
            return found
        try:
            await self.promote(upload.key, found)
        except BlobChanged:
            raise changed(fields) from None
        except BlobNotFound:
            if await self.storage.stat(found.blob_key) is None:
                raise changed(fields) from None
        return found

    async def intend(self, upload: AnyRow, examined: Examined) -> None:
        """Says what it is to become, before it does. Raises TakenOver."""
        found = examined.found
        async with self.database.transaction() as connection:
            await blob_references.lock(connection, found.blob_key)
            if await queries.intend(connection, upload, blob_key=found.blob_key, found=found.stored()) is None:
                raise TakenOver
            if examined.text is not None:
                await queries.keep_text(connection, found.blob_key, examined.text, is_truncated=examined.is_truncated)
        if upload.blob_key not in {"", found.blob_key}:
            async with self.database.transaction() as connection:
                await blob_references.release(connection, self.storage, upload.blob_key)

    async def promote(self, key: str, found: Found, cleaned_path: str = "") -> None:
        """Raises BlobChanged and BlobNotFound."""
        if not cleaned_path:
            await self.storage.move(key, found.blob_key, tag=found.tag, content_type=found.content_type)
            return
        async with aclosing(copies.pieces_of(cleaned_path)) as pieces:
            await self.storage.write(found.blob_key, pieces, content_type=found.content_type)
        await self.storage.delete(key)

    async def complete(self, upload: AnyRow, found: Found, wanted: Wanted) -> AnyRow:
        """The file, which is ready. Raises TakenOver."""
        async with self.database.transaction() as connection:
            if not await queries.remove(connection, upload):
                raise TakenOver
            row = await finishing.finished(connection, upload, found, wanted.columns, self.succession)
            await wanted.finish(connection, row)
            await audit.add(
                connection,
                wanted.action if not upload.is_replacement else "file.replace",
                row.id,
                actor_id=upload.author_id,
                organisation_id=row.organisation_id,
                personal={"name": row.name},
                content_type=row.content_type,
                size_bytes=row.size_bytes,
                sha256=row.sha256,
            )
            if upload.size_bytes != found.size_bytes:
                await reserving.give_back(connection, row.organisation_id, upload.size_bytes - found.size_bytes)
        return row

    async def put_off(self, upload: AnyRow) -> None:
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(upload.attempts, 10))
        async with self.database.transaction() as connection:
            await queries.put_off(connection, upload, pause)

    async def standing(self, upload: AnyRow) -> AnyRow:
        """The file's row as it is now."""
        async with self.database.read() as connection:
            row = await queries.file(connection, upload.file_id)
        if row is None:
            raise failures.FileNotFound
        return row

    async def awaited(self, upload_id: uuid.UUID, seconds: float) -> AnyRow:
        """The file of an upload that somebody else is at. Raises FileNotFound where there is none any more."""
        file_id: uuid.UUID | None = None
        for _ in range(max(1, int(seconds / LOOK_SECONDS))):
            async with self.database.read() as connection:
                upload = await queries.upload(connection, upload_id)
            if upload is None:
                break
            file_id = upload.file_id
            if upload.stage == Stage.REJECTED:
                raise failures.rejected(upload.rejection_reason, upload.rejection_message)
            await asyncio.sleep(LOOK_SECONDS)
        if file_id is None:
            raise failures.FileNotFound
        async with self.database.read() as connection:
            row = await queries.file(connection, file_id)
        if row is None:
            raise failures.FileNotFound
        return row

    async def undo(self, upload_id: uuid.UUID) -> bool:
        """Removes an upload with its bytes, and the file that it has not become, unless it goes on by itself. Where that fails
        all of it stays."""
        async with self.database.transaction() as connection:
            return await self.undo_within(connection, upload_id)

    async def undo_within(self, connection: AsyncConnection, upload_id: uuid.UUID) -> bool:
        """A file that was made ready by a commit whose answer was lost has no upload any more, and stays."""
        row = await queries.locked(connection, upload_id)
        if row is None or row.stage == Stage.REJECTED:
            return False
        await queries.forget(connection, row)
        await self.storage.delete(row.key)
        await blob_references.release(connection, self.storage, row.blob_key)
        await reserving.give_back(connection, row.organisation_id, row.size_bytes)
        return True

    @asynccontextmanager
    async def holding(self, upload: AnyRow) -> AsyncIterator[None]:
        """Says that we are at it, again and again."""
        task = asyncio.create_task(self.hold(upload))
        try:
            yield
        finally:
            await tasks.end(task)

    async def hold(self, upload: AnyRow) -> None:
        while True:
            await asyncio.sleep(queries.LEASE.total_seconds() / 3)
            try:
                async with self.database.transaction() as connection:
                    if not await queries.hold_on(connection, upload):
                        return
            except (Unavailable, StorageUnavailable):
                log.warning("an upload could not be held", upload=str(upload.id))


def changed(fields: Fields) -> failures.FileChanged:
    return failures.FileChanged(Violation(fields.content, "was changed or removed while it was examined; send it anew"))
