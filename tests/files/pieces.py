"""Uploads in pieces in tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import grpc
from google.api.httpbody_pb2 import HttpBody
from prometheus_client import REGISTRY
from sqlalchemy import select

from gazette.files.v1.file_pb2 import File
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from gazette.files.v1.upload_pb2 import (
    AppendUploadRequest,
    AppendUploadResponse,
    CancelUploadRequest,
    CompleteUploadRequest,
    CompleteUploadResponse,
    CreateUploadRequest,
    CreateUploadResponse,
    GetUploadRequest,
    GetUploadResponse,
    Upload,
    UploadPart,
    UploadWay,
)
from server.files import models
from server.stores.postgres import AnyRow
from tests.files.uploading import upload_of
from tests.polling import until, until_so
from tests.service import Person, Service

RESUMABLE = UploadWay.UPLOAD_WAY_RESUMABLE
CHUNK = 256 * 1024


def stub(service: Service) -> Any:
    return FileServiceStub(service.channel)


async def begun(service: Service, person: Person, organisation_id: str, content: bytes, **given: Any) -> Upload:
    """An upload of these bytes, in pieces unless another way is given."""
    way = given.pop("way", RESUMABLE)
    replaces = given.pop("replaces_file_id", "")
    key = given.pop("key", "")
    metadata = (*person.metadata, *((("idempotency-key", key),) if key else ()))
    request = CreateUploadRequest(upload=upload_of(organisation_id, content, **given), way=way, replaces_file_id=replaces)
    response: CreateUploadResponse = await stub(service).CreateUpload(request, metadata=metadata)
    return response.upload


def pieces(id: str, offset: int, content: bytes, chunk: int = CHUNK) -> Iterator[AppendUploadRequest]:
    yield AppendUploadRequest(id=id, offset=offset, content=HttpBody(data=content[:chunk]))
    for start in range(chunk, len(content), chunk):
        yield AppendUploadRequest(content=HttpBody(data=content[start : start + chunk]))


async def appended(service: Service, person: Person, id: str, offset: int, content: bytes) -> Upload:
    """What becomes of it with one more piece."""

    async def requests() -> AsyncIterator[AppendUploadRequest]:
        for request in pieces(id, offset, content):
            yield request

    response: AppendUploadResponse = await stub(service).AppendUpload(requests(), metadata=person.metadata)
    return response.upload


class Hanging:
    """A piece whose sender has sent this much, and then goes on no further."""

    def __init__(self, service: Service, person: Person, id: str, offset: int, content: bytes) -> None:
        self.is_sent = asyncio.Event()
        self.may_end = asyncio.Event()
        self.call = stub(service).AppendUpload(self.requests(id, offset, content), metadata=person.metadata)

    async def requests(self, id: str, offset: int, content: bytes) -> AsyncIterator[AppendUploadRequest]:
        for request in pieces(id, offset, content):
            yield request
        self.is_sent.set()
        await self.may_end.wait()

    async def cut(self) -> None:
        """As a connection that breaks off."""
        self.call.cancel()
        with suppress(asyncio.CancelledError, grpc.RpcError):
            await self.call


async def cut_off(service: Service, person: Person, upload: Upload, content: bytes) -> Upload:
    """The upload after a piece whose bytes had all come, and which was cut off then."""
    before = received()
    hanging = Hanging(service, person, upload.id, upload.offset, content)
    await until_so(lambda: received() - before == len(content))
    await hanging.cut()

    async def look() -> list[Upload]:
        return [*filter(None, [await further(service, person, upload)])]

    return (await until(look))[0]


def received() -> float:
    """How many bytes of uploads have come to this process."""
    return REGISTRY.get_sample_value("gazette_upload_bytes_total") or 0.0


async def further(service: Service, person: Person, upload: Upload) -> Upload | None:
    """The upload, if it has come further, and nobody is at it."""
    row = await row_of(service, upload.id)
    assert row is not None
    if row.held_until is not None or row.received_bytes <= upload.offset:
        return None
    return await got(service, person, upload.id)


async def is_held(service: Service, id: str) -> bool:
    row = await row_of(service, id)
    return row is not None and row.holder is not None


async def row_of(service: Service, id: str) -> AnyRow | None:
    async with service.database.read() as connection:
        return (await connection.execute(select(models.Upload).where(models.Upload.id == id))).one_or_none()


async def got(service: Service, person: Person, id: str) -> Upload:
    response: GetUploadResponse = await stub(service).GetUpload(GetUploadRequest(id=id), metadata=person.metadata)
    return response.upload


async def completed(service: Service, person: Person, id: str, *parts: UploadPart) -> File:
    request = CompleteUploadRequest(id=id, parts=parts)
    response: CompleteUploadResponse = await stub(service).CompleteUpload(request, metadata=person.metadata)
    return response.file


async def cancelled(service: Service, person: Person, id: str) -> None:
    await stub(service).CancelUpload(CancelUploadRequest(id=id), metadata=person.metadata)


async def used_bytes(service: Service, organisation_id: str) -> int:
    """How much is counted as the organisation's."""
    wanted = select(models.FileUsage.used_bytes).where(models.FileUsage.organisation_id == organisation_id)
    async with service.database.read() as connection:
        return (await connection.execute(wanted)).scalar_one_or_none() or 0
