"""Versions of a file: who may have which, and for how long it may be kept."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest_asyncio
from sqlalchemy import insert, select, update

from gazette.auth.v1.account_pb2 import Role
from gazette.files.v1.file_pb2 import File, FileState
from gazette.files.v1.file_service_pb2 import DownloadFileRequest, GetFileRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from gazette.files.v1.serving_pb2 import CreateDownloadUrlRequest
from server.files import models
from server.files.succession import queries as succession
from tests.files.uploading import PDF, PNG, send, upload_of
from tests.refusals import Refusal, refused
from tests.service import Person, Service

OVER_HTTP = ("x-envoy-original-method", "GET")
Metadata = tuple[tuple[str, str], ...]
SCANNING, REJECTED = FileState.FILE_STATE_SCANNING, FileState.FILE_STATE_REJECTED


class Replaced:
    """A file that was a PNG, and is a PDF now."""

    def __init__(self, service: Service, author: Person, id: str, first: File, second: File) -> None:
        self.service, self.author, self.id, self.first, self.second = service, author, id, first, second

    async def download(self, metadata: Metadata = (), **asked: Any) -> bytes:
        request = DownloadFileRequest(id=self.id, **asked)
        call = FileServiceStub(self.service.channel).DownloadFile(request, metadata=metadata)
        return b"".join([part.data async for part in call])

    async def over_http(self, metadata: Metadata = (), **asked: Any) -> tuple[dict[str, str | bytes], bytes]:
        """What Envoy gets to make response headers of, and the bytes."""
        request = DownloadFileRequest(id=self.id, **asked)
        call = FileServiceStub(self.service.channel).DownloadFile(request, metadata=(OVER_HTTP, *metadata))
        content = b"".join([part.data async for part in call])
        return dict(await call.initial_metadata()), content

    async def refused(self, metadata: Metadata = (), **asked: Any) -> Refusal:
        return await refused(self.download(metadata, **asked))

    async def make_public(self) -> None:
        async with self.service.database.transaction() as connection:
            page = {"file_id": uuid.UUID(self.id), "document_id": uuid.uuid4()}
            await connection.execute(insert(models.PageFile).values(page))

    async def change(self, **columns: Any) -> None:
        async with self.service.database.transaction() as connection:
            await connection.execute(update(models.File).where(models.File.id == uuid.UUID(self.id)).values(**columns))


@pytest_asyncio.fixture
async def file(service: Service) -> AsyncIterator[Replaced]:
    organisation_id = await service.organisation()
    author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    first = (await send(service, author, upload_of(organisation_id, PNG), PNG)).file
    second = (await send(service, author, upload_of(organisation_id, PDF, "form.pdf"), PDF)).file
    by_id = select(models.File).where(models.File.id.in_([uuid.UUID(first.id), uuid.UUID(second.id)]))
    async with service.database.transaction() as connection:
        before, after = (await connection.execute(by_id.order_by(models.File.id))).all()
        await succession.archive(connection, before)
        columns = ("name", "content_type", "size_bytes", "sha256", "blob_key", "facts")
        await succession.renew(connection, before, **{name: getattr(after, name) for name in columns})
    yield Replaced(service, author, first.id, first, second)


async def test_who_may_have_which_version(file: Replaced) -> None:
    """Who may read the organisation's files has each; all others, what it is now, once a page has it."""
    elsewhere = await file.service.organisation()
    insider, stranger = file.author.metadata, (await file.service.account(organisation_id=elsewhere)).metadata
    for asked, content in (({}, PDF), ({"version": 2}, PDF), ({"version": 1}, PNG)):
        assert await file.download(insider, **asked) == content
        for metadata in ((), stranger):
            assert (await file.refused(metadata, **asked)).reason == "FILE_NOT_FOUND"
    assert (await file.refused(insider, version=3)).reason == "FILE_NOT_FOUND"

    await file.make_public()
    for metadata in ((), stranger):
        assert await file.download(metadata, version=2) == await file.download(metadata) == PDF
        for version in (1, 3):
            assert (await file.refused(metadata, version=version)).reason == "FILE_NOT_FOUND"
    assert await file.download(insider, version=1) == PNG


async def test_how_long_it_may_be_kept(file: Replaced) -> None:
    """A version of a public file for a year, at the address that names it; the address without one is asked each time, and what
    is not public is kept by nobody. What may be kept says under which name it is to be forgotten (I4)."""
    for asked in ({}, {"version": 1}, {"version": 2}):
        given, _ = await file.over_http(file.author.metadata, **asked)
        assert given["cache-control"] == "private, no-store"
        assert not {"surrogate-key", "cache-tag"} & given.keys()

    await file.make_public()
    for metadata in ((), file.author.metadata):
        given, content = await file.over_http(metadata, version=2)
        assert given["cache-control"] == "public, max-age=31536000, immutable"
        assert given["surrogate-key"] == given["cache-tag"] == f"file-{file.id}"
        assert (given["etag"], content) == (f'"{file.second.sha256}"', PDF)
        given, _ = await file.over_http(metadata)
        assert (given["cache-control"], given["surrogate-key"]) == ("public, no-cache", f"file-{file.id}")
    given, content = await file.over_http((("if-none-match", f'"{file.second.sha256}"'),), version=2)
    assert (given["x-http-status"], content) == ("304", b"")
    assert (given["cache-control"], given["surrogate-key"]) == ("public, max-age=31536000, immutable", f"file-{file.id}")
    given, _ = await file.over_http(file.author.metadata, version=1)
    assert given["cache-control"] == "private, no-store"


async def test_what_no_browser_runs(file: Replaced) -> None:
    """Each answer says that it is what it says it is, and that nothing of it is to run (F2)."""
    for asked in ({}, {"version": 1}, {"limit": 1}):
        given, _ = await file.over_http(file.author.metadata, **asked)
        assert given["x-content-type-options"] == "nosniff"
        assert given["content-security-policy"] == "default-src 'none'; sandbox"
    assert given["content-disposition"] == 'attachment; filename="form.pdf"'
    given, _ = await file.over_http(file.author.metadata, version=1)
    assert given["content-disposition"] == 'inline; filename="harbour.png"'


async def test_former_addresses_lead_on(file: Replaced) -> None:
    """The public is led from a former version to what the file is now; caches ask each time, and can be told to forget it."""
    await file.make_public()
    given, content = await file.over_http(version=1)
    assert (given["x-http-status"], content) == ("301", b"")
    assert given["location"] == f"/v1/files/{file.id}/versions/2:download"
    assert (given["cache-control"], given["surrogate-key"]) == ("public, no-cache", f"file-{file.id}")
    given, content = await file.over_http(version=3)
    assert (given["cache-control"], content) == ("public, no-cache", PDF), "there is none yet: it may come to be another"
    await file.change(delete_time=datetime.now(UTC))
    assert (await refused(file.over_http(version=1))).reason == "FILE_NOT_FOUND"


async def test_parts_of_a_version(file: Replaced) -> None:
    """A range is one of the version's own bytes, and holds for those who had the beginning of it."""
    former, now = (("range", "bytes=4-7"), ("if-range", f'"{file.first.sha256}"')), ("range", "bytes=4-7")
    given, content = await file.over_http((*file.author.metadata, *former), version=1)
    assert (given["content-range"], content) == (f"bytes 4-7/{len(PNG)}", PNG[4:8])
    given, content = await file.over_http((*file.author.metadata, *former), version=2)
    assert ("content-range" in given, content) == (False, PDF)
    given, content = await file.over_http((*file.author.metadata, now), version=2)
    assert (given["x-http-status"], content) == ("206", PDF[4:8])


async def test_what_is_not_ready(file: Replaced) -> None:
    """Who may know of a file is told why it cannot be had; to all others there is none, whether a page has it or not."""
    await file.make_public()
    reasons = {"rejection_reason": "FILE_INFECTED", "rejection_message": "content: has a virus"}
    for columns, reason in (({"state": SCANNING}, "FILE_NOT_READY"), ({"state": REJECTED, **reasons}, "FILE_REJECTED")):
        await file.change(**columns)
        for asked in ({}, {"version": 2}):
            assert (await file.refused(file.author.metadata, **asked)).reason == reason
            assert (await file.refused((), **asked)).reason == "FILE_NOT_FOUND"
        stub = FileServiceStub(file.service.channel)
        shown = (await stub.GetFile(GetFileRequest(id=file.id), metadata=file.author.metadata)).file
        assert shown.state == columns["state"]
        assert (await refused(stub.GetFile(GetFileRequest(id=file.id)))).reason == "FILE_NOT_FOUND"
        request = CreateDownloadUrlRequest(id=file.id)
        assert (await refused(stub.CreateDownloadUrl(request, metadata=file.author.metadata))).reason == reason
    assert shown.rejection.reason == "FILE_INFECTED"


async def test_what_is_deleted(file: Replaced) -> None:
    """Nobody has its bytes; who may read the organisation's files sees that it was deleted."""
    await file.make_public()
    await file.change(delete_time=datetime.now(UTC))
    for metadata in ((), file.author.metadata):
        for asked in ({}, {"version": 1}):
            assert (await file.refused(metadata, **asked)).reason == "FILE_NOT_FOUND"
    stub = FileServiceStub(file.service.channel)
    shown = (await stub.GetFile(GetFileRequest(id=file.id), metadata=file.author.metadata)).file
    assert shown.HasField("delete_time")
    assert (await refused(stub.GetFile(GetFileRequest(id=file.id)))).reason == "FILE_NOT_FOUND"
