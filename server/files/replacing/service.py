"""ReplaceFile and ReplaceFileContent."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.files.v1 import managing_pb2 as rpc
from gazette.files.v1.file_pb2 import File, FileUpload
from server.files import bodies, failures, views
from server.files.examining import sniffing
from server.files.examining.wanted import Wanted
from server.files.fields import Fields
from server.files.replacing import queries, rules
from server.files.succession import queries as succession
from server.files.succession.rules import check_kind
from server.files.uploads.receiving import Received
from server.files.uploads.rules import declared_length
from server.files.uploads.uploads import Repeated, Uploads
from server.rpc.call import Call, Need
from server.rpc.failures import Violation
from server.rpc.requests.validation import validate
from server.stores import idempotency
from server.stores.postgres import AnyRow


@dataclass(frozen=True)
class Replacing:
    """Takes new bytes for files that there are."""

    uploads: Uploads

    async def ReplaceFile(self, request_iterator: AsyncIterator[rpc.ReplaceFileRequest], call: Call) -> rpc.ReplaceFileResponse:
        first = await anext(request_iterator, rpc.ReplaceFileRequest())
        if not first.HasField("replacement"):
            raise failures.UploadFirst(Violation("replacement", "is to come before the bytes"))
        file = await self.replaced(call, first.replacement, bodies.chunks(request_iterator, "replacement"), rules.STREAM_FIELDS)
        return rpc.ReplaceFileResponse(file=file)

    async def ReplaceFileContent(
        self, request_iterator: AsyncIterator[rpc.ReplaceFileContentRequest], call: Call
    ) -> rpc.ReplaceFileContentResponse:
        length = declared_length(call.metadata.get("x-declared-length", ""))
        first = await anext(request_iterator, rpc.ReplaceFileContentRequest())
        wanted = rpc.FileReplacement(id=first.id, etag=first.etag, name=first.name, size_bytes=length, sha256=first.sha256)
        validate(wanted)
        file = await self.replaced(call, wanted, bodies.content(first, request_iterator), rules.BODY_FIELDS)
        return rpc.ReplaceFileContentResponse(file=file)

    async def replaced(self, call: Call, wanted: rpc.FileReplacement, chunks: AsyncIterator[bytes], fields: Fields) -> File:
        """The file with its new bytes. The same replacement under the same idempotency key takes place once."""
        async with self.uploads.database.read() as connection:
            file = rules.writable(await queries.file(connection, uuid.UUID(wanted.id)), call.caller)
            earlier = await idempotency.answered(connection, call, wanted, File)
        upload = rules.upload(file, wanted)
        received = self.uploads.received(upload, chunks, fields)
        if earlier is not None:
            async for _ in received.whole():  # a client over HTTP reads no answer before it has sent all
                pass
            return earlier
        rules.check_replaceable(file, call.caller, wanted.etag)
        rules.check_upload(upload, self.uploads.max_bytes, fields)
        call.needs += tuple(Need(each, file.organisation_id) for each in rules.needed(file))
        content_type = sniffing.content_type(await received.beginning(), upload.name, self.uploads.allowed_types, fields)
        check_kind(file, content_type, fields)
        try:
            return await self.brought(call, wanted, upload, received, fields)
        except Repeated as repeated:
            return repeated.file

    async def brought(
        self, call: Call, wanted: rpc.FileReplacement, upload: FileUpload, received: Received, fields: Fields
    ) -> File:
        id, author_id, version = uuid.UUID(wanted.id), call.caller.known_id, 0

        async def finish(connection: AsyncConnection, row: AnyRow) -> None:
            if (earlier := await idempotency.earlier(connection, call, wanted, File)) is not None:
                raise Repeated(earlier)
            if wanted.etag and row.version > version:
                rules.check_etag(wanted.etag, row.edit_number - 1)
            await idempotency.remember(connection, call, views.shown(row))

        async def begin() -> AnyRow:
            nonlocal version
            async with self.uploads.database.transaction() as connection:
                file = rules.writable(await queries.file(connection, id), call.caller)
                rules.check_replaceable(file, call.caller, wanted.etag)
                version = file.version
                await succession.forget_rejected(connection, id)
                return await self.uploads.begin(
                    connection, file.organisation_id, id, None, upload.name, upload.size_bytes, author_id
                )

        arriving = await self.uploads.begun(begin())
        row = await self.uploads.bring(arriving, received, Wanted(call.confirm, finish, fields))
        return views.shown(row) if row.version > version else await self.waiting(row)

    async def waiting(self, row: AnyRow) -> File:
        """The file, which is what it was, with what is to take its place once it could be examined."""
        async with self.uploads.database.read() as connection:
            replacements = await queries.replacements(connection, [row.id])
        return views.shown(row, replacement=replacements.get(row.id))
