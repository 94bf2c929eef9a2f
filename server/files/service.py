"""FileService: uploads and downloads."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import grpc
from google.api.httpbody_pb2 import HttpBody

from gazette.files.v1 import file_service_pb2 as rpc
from gazette.files.v1.file_pb2 import File, FileUpload
from gazette.files.v1.file_service_pb2_grpc import FileServiceServicer
from server.files import failures
from server.files.downloads import queries as download_queries
from server.files.downloads import rules as download_rules
from server.files.uploads import rules as upload_rules
from server.files.uploads.uploads import Uploads
from server.rpc import ambient, http, identifying
from server.rpc.failures import Violation
from server.rpc.identifying import Authenticator
from server.rpc.messages import message
from server.rpc.validation import validate
from server.stores.blobs import ObjectStorage
from server.stores.postgres import AnyRow, Database

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True)
class FileService(FileServiceServicer):
    """What the contract says of files. The way in is long, and stands in `uploads`."""

    database: Database
    storage: ObjectStorage
    authenticator: Authenticator
    uploads: Uploads
    max_age: int
    """For how many seconds browsers and CDNs may keep a public file."""

    async def UploadFile(
        self, request_iterator: AsyncIterator[rpc.UploadFileRequest], context: Context
    ) -> rpc.UploadFileResponse:
        first = await anext(request_iterator, rpc.UploadFileRequest())
        if not first.HasField("upload"):
            raise failures.UploadFirst(Violation("upload", "is to come before the bytes"))
        file = await self.uploads.take(first.upload, chunks(request_iterator), upload_rules.STREAM_FIELDS)
        return rpc.UploadFileResponse(file=file)

    async def UploadFileContent(
        self, request_iterator: AsyncIterator[rpc.UploadFileContentRequest], context: Context
    ) -> rpc.UploadFileContentResponse:
        call = ambient.current()
        length = upload_rules.declared_length(call.metadata.get("x-declared-length", ""))
        first = await anext(request_iterator, rpc.UploadFileContentRequest())
        upload = FileUpload(
            organisation_id=first.organisation_id,
            name=first.name,
            alternative_text=first.alternative_text,
            size_bytes=length,
            sha256=first.sha256,
        )
        validate(upload)
        file = await self.uploads.take(upload, content(first, request_iterator), upload_rules.BODY_FIELDS)
        http.created(call, f"/v1/files/{file.id}")
        return rpc.UploadFileContentResponse(file=file)

    async def GetFile(self, request: rpc.GetFileRequest, context: Context) -> rpc.GetFileResponse:
        return rpc.GetFileResponse(file=message(File, await self.visible(request.id)))

    async def DownloadFile(self, request: rpc.DownloadFileRequest, context: Context) -> AsyncIterator[HttpBody]:
        file = await self.visible(request.id)
        call = ambient.current()
        headers = download_rules.cache_headers(file, self.max_age) if call.is_http else ()
        if call.is_http and http.matches(call, download_rules.etag(file)):
            call.headers += (*headers, http.NOT_MODIFIED)
            return
        async with aclosing(self.storage.read(file.blob_key)) as pieces:
            first = await anext(pieces)  # before the headers go: an outage must still be able to say so
            if call.is_http:
                call.headers += (*headers, *download_rules.body_headers(file))
            yield HttpBody(content_type=file.content_type, data=first)
            async for piece in pieces:
                yield HttpBody(data=piece)

    async def visible(self, id: str) -> AnyRow:
        """The file, if the caller may have it. Raises FileNotFound, and Unauthenticated for a bad access token."""
        caller = await identifying.identified(ambient.current(), self.authenticator)
        async with self.database.read() as connection:
            file = await download_queries.file(connection, uuid.UUID(id))
        if file is None or not download_rules.is_visible(file, caller):
            raise failures.FileNotFound
        return file


async def chunks(requests: AsyncIterator[rpc.UploadFileRequest]) -> AsyncIterator[bytes]:
    async for request in requests:
        if not request.HasField("chunk"):
            raise failures.UploadFirst(Violation("upload", "comes once"))
        yield request.chunk


async def content(
    first: rpc.UploadFileContentRequest, requests: AsyncIterator[rpc.UploadFileContentRequest]
) -> AsyncIterator[bytes]:
    yield first.content.data
    async for request in requests:
        yield request.content.data
