"""The way in: bytes from a caller become a blob in the storage and a row in the database, or neither.

First comes a pending row, then the blob; then what was stored is parsed, and last the row is made ready. So whatever breaks
off in between, a killed process included, leaves at most a pending row, and that names the blob which has to go with it.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
import uuid6
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.files.v1.file_pb2 import File, FileUpload
from server import audit
from server.background import tasks
from server.background.processes import Processes, TooCostly
from server.files import failures, views
from server.files.uploads import queries, rules, sniffing
from server.files.uploads.inspecting import SECONDS, Inspection
from server.files.uploads.receiving import Received
from server.files.uploads.rules import Fields
from server.formats.malformed import Malformed
from server.formats.parsing import MEMORY
from server.formats.types import PARSED
from server.rpc.call import Call, Need
from server.rpc.failures import Unavailable, Violation
from server.settings import InvalidSettings, Settings
from server.stores import idempotency
from server.stores.blobs import ObjectStorage, StorageUnavailable
from server.stores.postgres import Database, violated

log = structlog.get_logger(__name__)

ABANDONED = timedelta(hours=2)
"""No upload takes so long: streams are ended after an hour."""


@dataclass(frozen=True)
class Uploads:
    """Takes files in, and takes away what was left half-way."""

    database: Database
    storage: ObjectStorage
    inspection: Inspection
    max_bytes: int
    allowed_types: frozenset[str]

    @classmethod
    def from_settings(cls, settings: Settings, database: Database, storage: ObjectStorage, parsers: Processes) -> Uploads:
        """Raises InvalidSettings for a type that no file could be found to be."""
        if unknown := sniffing.unknown_types(settings.allowed_file_types):
            raise InvalidSettings(
                f"ALLOWED_FILE_TYPES names {', '.join(unknown)}, which no file can be shown to be; take it out. "
                f"There are: {', '.join(sorted(PARSED))}"
            )
        return cls(
            database, storage, Inspection(storage, parsers), settings.max_file_size, frozenset(settings.allowed_file_types)
        )

    async def take(self, call: Call, upload: FileUpload, chunks: AsyncIterator[bytes], fields: Fields) -> File:
        """Stores a file of the caller's. The same upload under the same idempotency key is stored once."""
        caller = call.caller
        rules.check_upload(upload, caller, self.max_bytes, fields)
        call.needs += (Need(rules.WRITE, uuid.UUID(upload.organisation_id)),)
        received = Received(upload, chunks, self.max_bytes, fields)
        async with self.database.read() as connection:
            earlier = await idempotency.answered(connection, call, upload, File)
        if earlier is not None:
            async for _ in received.whole():  # a client over HTTP reads no answer before it has sent all
                pass
            return earlier
        content_type = sniffing.content_type(await received.beginning(), upload.name, self.allowed_types, fields)
        return await self.store(call, upload, received, content_type, fields)

    async def store(self, call: Call, upload: FileUpload, received: Received, content_type: str, fields: Fields) -> File:
        id, key = uuid6.uuid7(), rules.blob_key(datetime.now(UTC))
        try:
            await self.announce(upload, id, blob_key=key, content_type=content_type, author_id=call.caller.known_id)
            await self.storage.write(key, received.whole(), content_type=content_type)
            await self.inspect(key, content_type, received, fields)
            await call.confirm()
            file = await self.complete(call, upload, id, received)
        except StorageUnavailable:
            raise  # the storage may yet finish what it began, so the pending row stays for `sweep`
        except BaseException:
            await tasks.finish(self.undo(id))
            raise
        if file.id != str(id):
            await tasks.finish(self.undo(id))
        return file

    async def inspect(self, key: str, content_type: str, received: Received, fields: Fields) -> None:
        """Raises FileMalformed, FileTooCostly, and Unavailable for what came back from the storage otherwise than it came."""
        try:
            sha256 = await self.inspection.inspect(key, content_type)
        except Malformed as error:
            raise failures.FileMalformed(Violation(fields.content, str(error))) from None
        except TooCostly:
            bound = f"takes more than {SECONDS:g} seconds or {MEMORY >> 20} MB to look through; make it simpler"
            raise failures.FileTooCostly(Violation(fields.content, bound)) from None
        if sha256 != received.sha256:
            raise Unavailable

    async def announce(self, upload: FileUpload, id: uuid.UUID, **columns: object) -> None:
        organisation_id = uuid.UUID(upload.organisation_id)
        try:
            async with self.database.transaction() as connection:
                await queries.add_pending(
                    connection,
                    id=id,
                    organisation_id=organisation_id,
                    name=upload.name,
                    alternative_text=upload.alternative_text,
                    size_bytes=upload.size_bytes,
                    **columns,
                )
        except exc.IntegrityError as error:
            if violated(error) == "fk_files_organisation_id":
                raise failures.OrganisationNotFound from error
            raise

    async def complete(self, call: Call, upload: FileUpload, id: uuid.UUID, received: Received) -> File:
        """The file; another one if the same upload came twice at once and this is the later of the two."""
        async with self.database.transaction() as connection:
            if (earlier := await idempotency.earlier(connection, call, upload, File)) is not None:
                return earlier
            row = await queries.make_ready(connection, id, received.sha256, size_bytes=received.size)
            await audit.add(
                connection,
                "file.upload",
                id,
                organisation_id=row.organisation_id,
                personal={"name": row.name},
                content_type=row.content_type,
                size_bytes=row.size_bytes,
                sha256=row.sha256,
            )
            return await idempotency.remember(connection, call, views.shown(row))

    async def undo(self, id: uuid.UUID) -> None:
        """Removes a file that is pending. Where that fails the row stays, and `sweep` tries again."""
        try:
            await self.remove(id)
        except Unavailable:
            log.warning("what an upload left could not be removed", file=str(id))

    async def remove(self, id: uuid.UUID) -> None:
        async with self.database.transaction() as connection:
            await self.remove_within(connection, id)

    async def remove_within(self, connection: AsyncConnection, id: uuid.UUID) -> None:
        """The row goes only if the blob went. A file that was made ready by a commit whose answer was lost keeps both."""
        key = await queries.remove_pending(connection, id)
        if key is not None:
            await self.storage.delete(key)

    async def sweep(self, age: timedelta = ABANDONED) -> int:
        """Removes what uploads left that never ended, one in a transaction. How many there were."""
        count = 0
        while await self.sweep_one(age):
            count += 1
        return count

    async def sweep_one(self, age: timedelta) -> bool:
        async with self.database.transaction() as connection:
            id = await queries.abandoned(connection, age)
            if id is not None:
                await self.remove_within(connection, id)
            return id is not None
