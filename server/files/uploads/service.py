"""UploadFile and UploadFileContent: the ways in. What they have in common stands in `uploads.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from gazette.files.v1 import file_service_pb2 as rpc
from gazette.files.v1.file_pb2 import FileUpload
from server.files import failures
from server.files.uploads import rules
from server.files.uploads.uploads import Uploads
from server.rpc import http
from server.rpc.call import Call
from server.rpc.failures import Violation
from server.rpc.requests.validation import validate


@dataclass(frozen=True)
class Uploading:
    """What callers send: a stream of messages, or the body of an HTTP request."""

    uploads: Uploads

    async def UploadFile(self, request_iterator: AsyncIterator[rpc.UploadFileRequest], call: Call) -> rpc.UploadFileResponse:
        first = await anext(request_iterator, rpc.UploadFileRequest())
        if not first.HasField("upload"):
            raise failures.UploadFirst(Violation("upload", "is to come before the bytes"))
        file = await self.uploads.take(call, first.upload, chunks(request_iterator), rules.STREAM_FIELDS)
        return rpc.UploadFileResponse(file=file)

    async def UploadFileContent(
        self, request_iterator: AsyncIterator[rpc.UploadFileContentRequest], call: Call
    ) -> rpc.UploadFileContentResponse:
        length = rules.declared_length(call.metadata.get("x-declared-length", ""))
        first = await anext(request_iterator, rpc.UploadFileContentRequest())
        upload = FileUpload(
            organisation_id=first.organisation_id,
            name=first.name,
            alternative_text=first.alternative_text,
            size_bytes=length,
            sha256=first.sha256,
        )
        validate(upload)
        file = await self.uploads.take(call, upload, content(first, request_iterator), rules.BODY_FIELDS)
        http.created(call, f"/v1/files/{file.id}")
        return rpc.UploadFileContentResponse(file=file)


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
