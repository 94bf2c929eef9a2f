"""Streams that are under way: begun by somebody, and then left open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import grpc
from google.api.httpbody_pb2 import HttpBody

from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportedDocument, ImportOptions
from gazette.files.v1.file_service_pb2 import UploadFileContentRequest, UploadFileRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from tests.content.desk import Desk, imported
from tests.files.uploading import PNG, upload_of
from tests.polling import until
from tests.refusals import Refusal, refused

Metadata = tuple[tuple[str, str], ...]
PROMISED_SECONDS = 5.0
"""Within which a stream ends once its caller's rights have (T5, T8)."""


@dataclass
class Stream:
    """One whose beginning has arrived."""

    call: Any
    rest: Any
    """The message that it still lacks."""

    async def end(self) -> None:
        """Sends the rest, and says that it was the last. A stream that has ended already takes nothing."""
        try:
            await self.call.write(self.rest)
            await self.call.done_writing()
        except (grpc.RpcError, asyncio.InvalidStateError):
            return

    async def refused_in_time(self) -> Refusal:
        """How it was ended, though its client sends nothing."""
        async with asyncio.timeout(PROMISED_SECONDS):
            return await refused(self.call)


Begin = Callable[[grpc.aio.Channel, Desk, Metadata], Awaitable[Stream]]


def document(desk: Desk, name: str) -> ImportedDocument:
    return imported(f"{desk.root}/{name}", said={"organisation_id": desk.organisation_id})


async def begin_import(channel: grpc.aio.Channel, desk: Desk, metadata: Metadata) -> Stream:
    """An import that has committed one document."""
    call = ContentServiceStub(channel).ImportDocuments(metadata=metadata)
    await call.write(ImportDocumentsRequest(options=ImportOptions(organisation_id=desk.organisation_id)))
    await call.write(ImportDocumentsRequest(document=document(desk, "first")))
    await until(desk.record)
    return Stream(call, ImportDocumentsRequest(document=document(desk, "second")))


async def begin_upload(channel: grpc.aio.Channel, desk: Desk, metadata: Metadata) -> Stream:
    """An upload of which a half has arrived."""
    call = FileServiceStub(channel).UploadFile(metadata=metadata)
    await call.write(UploadFileRequest(upload=upload_of(desk.organisation_id, PNG)))
    await call.write(UploadFileRequest(chunk=PNG[:1000]))
    return Stream(call, UploadFileRequest(chunk=PNG[1000:]))


async def begin_body(channel: grpc.aio.Channel, desk: Desk, metadata: Metadata) -> Stream:
    """The same, as Envoy hands on the body of an HTTP request."""
    call = FileServiceStub(channel).UploadFileContent(metadata=(*metadata, ("x-declared-length", str(len(PNG)))))
    first = UploadFileContentRequest(
        organisation_id=desk.organisation_id, name="harbour.png", content=HttpBody(data=PNG[:1000])
    )
    await call.write(first)
    return Stream(call, UploadFileContentRequest(content=HttpBody(data=PNG[1000:])))


BEGINNINGS: list[Begin] = [begin_import, begin_upload, begin_body]
