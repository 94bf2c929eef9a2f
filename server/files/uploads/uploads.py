"""The way in of streams: bytes from a caller become a file, or leave nothing behind.

First come the rows of the file, pending, and of the upload, then the bytes; then they are examined and promoted (`examining`),
in the same call. Whatever breaks off in between, a killed process included, leaves the upload's row, and that names all that
has to go with it.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
import uuid6
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.files.v1.file_pb2 import File, FileUpload
from server.background import tasks
from server.background.processes import Processes
from server.files import blob_references, failures, views
from server.files.examining import queries as examined
from server.files.examining import sniffing
from server.files.examining.examination import Announced, Examination
from server.files.examining.pipeline import Pipeline
from server.files.examining.wanted import Wanted
from server.files.fields import Fields
from server.files.quotas import reserving
from server.files.scanning import ScannerUnavailable, scanner
from server.files.stages import Stage, Way
from server.files.succession.succession import Succession
from server.files.uploads import queries, rules
from server.files.uploads.receiving import Received
from server.formats.types import PARSED
from server.rpc.call import Call, Need
from server.rpc.failures import Unavailable
from server.rpc.patience import patiently
from server.settings import InvalidSettings, Settings
from server.stores import idempotency
from server.stores.blobs import ObjectStorage, StorageUnavailable
from server.stores.postgres import AnyRow, Database, violated

log = structlog.get_logger(__name__)

ABANDONED = timedelta(hours=2)
"""No stream takes so long: they are ended after an hour."""
UNKNOWN_TYPE = "application/octet-stream"
"""Of what is in the quarantine, whatever it is."""


class Repeated(Exception):
    """The same upload came twice at once, and this is the later of the two."""

    def __init__(self, file: File) -> None:
        super().__init__()
        self.file = file


@dataclass(frozen=True)
class Uploads:
    """Takes files in, and takes away what was left half-way."""

    database: Database
    storage: ObjectStorage
    pipeline: Pipeline
    max_bytes: int
    quota_bytes: int
    allowed_types: frozenset[str]
    hashing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """Bytes are hashed for one upload at a time: readers are many, and need the processor, too."""

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        database: Database,
        storage: ObjectStorage,
        parsers: Processes,
        succession: Succession | None = None,
    ) -> Uploads:
        """Raises InvalidSettings for a type that no file could be found to be."""
        if unknown := sniffing.unknown_types(settings.allowed_file_types):
            raise InvalidSettings(
                f"ALLOWED_FILE_TYPES names {', '.join(unknown)}, which no file can be shown to be; take it out. "
                f"There are: {', '.join(sorted(PARSED))}"
            )
        allowed = frozenset(settings.allowed_file_types)
        examination = Examination(storage, parsers, scanner(settings), allowed)
        pipeline = Pipeline(database, storage, examination, succession)
        return cls(database, storage, pipeline, settings.max_file_size, settings.file_quota, allowed)

    async def take(self, call: Call, upload: FileUpload, chunks: AsyncIterator[bytes], fields: Fields) -> File:
        """Stores a file of the caller's. The same upload under the same idempotency key is stored once."""
        caller = call.caller
        rules.check_upload(upload, caller, self.max_bytes, fields)
        call.needs += (Need(rules.WRITE, uuid.UUID(upload.organisation_id)),)
        received = self.received(upload, chunks, fields)
        async with self.database.read() as connection:
            earlier = await idempotency.answered(connection, call, upload, File)
        if earlier is not None:
            async for _ in received.whole():  # a client over HTTP reads no answer before it has sent all
                pass
            return earlier
        content_type = sniffing.content_type(await received.beginning(), upload.name, self.allowed_types, fields)
        return await self.store(call, upload, received, content_type, fields)

    def received(self, upload: FileUpload, chunks: AsyncIterator[bytes], fields: Fields) -> Received:
        """An upload's bytes as they come, which are hashed in their turn."""
        return Received(upload, chunks, self.max_bytes, fields, self.hashing)

    async def store(self, call: Call, upload: FileUpload, received: Received, content_type: str, fields: Fields) -> File:
        async def finish(connection: AsyncConnection, row: AnyRow) -> None:
            if (earlier := await idempotency.earlier(connection, call, upload, File)) is not None:
                raise Repeated(earlier)
            await idempotency.remember(connection, call, views.shown(row))

        arriving = await self.begun(self.announce(upload, content_type, call.caller.known_id))
        try:
            row = await self.bring(arriving, received, Wanted(call.confirm, finish, fields))
        except Repeated as repeated:
            return repeated.file
        return views.shown(row)

    async def announce(self, upload: FileUpload, content_type: str, author_id: uuid.UUID) -> AnyRow:
        """The upload of a file that is new. Raises OrganisationNotFound and FileQuotaExceeded."""
        file = {
            "organisation_id": uuid.UUID(upload.organisation_id),
            "name": upload.name,
            "alternative_text": upload.alternative_text,
            "size_bytes": upload.size_bytes,
            "content_type": content_type,
            "author_id": author_id,
        }
        try:
            async with self.database.transaction() as connection:
                return await self.begin(
                    connection, file["organisation_id"], uuid6.uuid7(), file, upload.name, upload.size_bytes
                )
        except exc.IntegrityError as error:
            if violated(error) == "fk_files_organisation_id":
                raise failures.OrganisationNotFound from error
            raise

    async def begun(self, beginning: Coroutine[Any, Any, AnyRow]) -> AnyRow:
        """The upload that this begins. A caller that leaves just then leaves none."""
        work = tasks.begin(beginning)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await tasks.finish(self.undo_begun(work))
            raise

    async def undo_begun(self, work: asyncio.Task[AnyRow]) -> None:
        await asyncio.wait({work})
        if not work.cancelled() and work.exception() is None:
            await self.undo(work.result().id)

    async def begin(
        self,
        connection: AsyncConnection,
        organisation_id: Any,
        file_id: uuid.UUID,
        file: dict[str, Any] | None,
        name: str,
        size_bytes: int,
        author_id: uuid.UUID | None = None,
    ) -> AnyRow:
        """A stream's upload, which becomes the file, or its next version where no new `file` is given."""
        id = uuid6.uuid7()
        row = await examined.add(
            connection,
            file=file,
            lifetime=ABANDONED,
            id=id,
            file_id=file_id,
            way=Way.STREAM,
            name=name,
            size_bytes=size_bytes,
            sha256="",
            author_id=author_id or (file or {})["author_id"],
            key=f"quarantine/{id}",
            holder=uuid.uuid4(),
        )
        await reserving.reserve(connection, organisation_id, size_bytes, self.quota_bytes)
        return row

    async def bring(self, upload: AnyRow, received: Received, wanted: Wanted, *, waits: bool = True) -> AnyRow:
        """The file's row, once the bytes have come and were found to be sound; pending where the scanner is away and it
        `waits`: it is then examined later, and else in its turn, however long that takes. What else fails leaves nothing, but
        what was rejected: that is told of."""
        try:
            tag = await self.storage.write(upload.key, received.whole(), content_type=UNKNOWN_TYPE)
            try:
                announced = Announced(upload.name, received.size, received.sha256, tag)
                if not waits:
                    return await patiently(lambda: self.pipeline.taken(upload, wanted, announced))
                return await self.pipeline.taken(upload, wanted, announced)
            except ScannerUnavailable:
                if not waits:
                    raise
                return await self.hand_over(upload, received, wanted)
        except StorageUnavailable:
            raise  # the storage may yet finish what it began, so the rows stay for `sweep`
        except BaseException:
            await tasks.finish(self.undo(upload.id))
            raise

    async def hand_over(self, upload: AnyRow, received: Received, wanted: Wanted) -> AnyRow:
        """Leaves it to the job that examines files. The file's row."""
        await wanted.confirm()
        known = {"size_bytes": received.size, "sha256": received.sha256}
        async with self.database.transaction() as connection:
            await examined.put_off(connection, upload, stage=Stage.RECEIVED, **known)
            row = await examined.file(connection, upload.file_id)
            if row is None:
                raise failures.FileNotFound
            await wanted.finish(connection, row)
            if upload.size_bytes != received.size:
                await reserving.give_back(connection, row.organisation_id, upload.size_bytes - received.size)
        return row

    async def undo(self, upload_id: uuid.UUID) -> None:
        """Removes what has not become a file. Where that fails the rows stay, and `sweep` tries again."""
        try:
            await self.pipeline.undo(upload_id)
        except Unavailable:
            log.warning("what an upload left could not be removed", upload=str(upload_id))

    async def sweep(self, age: timedelta = ABANDONED) -> int:
        """Removes what streams left that never ended, one in a transaction. How many there were."""
        count = 0
        while await self.sweep_one(age):
            count += 1
        return count

    async def sweep_one(self, age: timedelta) -> bool:
        async with self.database.transaction() as connection:
            upload = await examined.abandoned(connection, age)
            if upload is not None:
                return await self.pipeline.undo_within(connection, upload.id)
            return await self.sweep_old(connection, age)

    async def sweep_old(self, connection: AsyncConnection, age: timedelta) -> bool:
        """One that a process of the release before left, which knew no uploads."""
        key = await queries.remove_abandoned(connection, age)
        if key is not None:
            await blob_references.release(connection, self.storage, key)
        return key is not None
