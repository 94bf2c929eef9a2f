"""Uploading in tests, and seeing what is left of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from gazette.files.v1.file_pb2 import FileState, FileUpload
from gazette.files.v1.file_service_pb2 import UploadFileRequest, UploadFileResponse
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from server.demo.files import form_pdf, harbour_png
from server.files.models import File
from server.stores.postgres import AnyRow
from tests.polling import until_so
from tests.service import Person, Service

PNG, PDF = harbour_png(), form_pdf()
CHUNK = 500_000


def png(size: int) -> bytes:
    """As many bytes that begin as a PNG."""
    return (PNG + bytes(size))[:size]


def upload_of(organisation_id: str, content: bytes, name: str = "harbour.png", **given: Any) -> FileUpload:
    described = {"organisation_id": organisation_id, "name": name, "size_bytes": len(content)}
    return FileUpload(**{**described, **given})


async def requests(upload: FileUpload, content: bytes) -> AsyncIterator[UploadFileRequest]:
    yield UploadFileRequest(upload=upload)
    for start in range(0, len(content), CHUNK):
        yield UploadFileRequest(chunk=content[start : start + CHUNK])


def send(
    service: Service, person: Person | None, upload: FileUpload, content: bytes, *metadata: tuple[str, str]
) -> Awaitable[UploadFileResponse]:
    signed = person.metadata if person else ()
    return FileServiceStub(service.channel).UploadFile(requests(upload, content), metadata=(*signed, *metadata))


def blobs(service: Service) -> list[Path]:
    """All files in the storage's folder, half-written ones included."""
    return service.blobs()


async def rows(service: Service) -> list[AnyRow]:
    """Of the files that the test has made."""
    async with service.database.read() as connection:
        return list(await connection.execute(select(File).where(File.create_time >= service.start_time)))


async def assert_only_rejected(service: Service) -> None:
    """What was refused when all of it had come says why, and its bytes are gone."""
    await until_so(lambda: blobs(service) == [])
    for row in await rows(service):
        assert (row.state, row.blob_key) == (FileState.FILE_STATE_REJECTED, "")
        assert row.rejection_reason
        assert row.rejection_message


async def assert_no_strays(service: Service) -> None:
    """There is no row without its blob, and no blob without its row."""
    folder = service.settings.files_directory
    assert folder is not None
    stored = {str(path.relative_to(folder)) for path in blobs(service)}
    async with service.database.read() as connection:
        known = set((await connection.execute(select(File.blob_key).where(File.state == FileState.FILE_STATE_READY))).scalars())
    assert {row.blob_key for row in await rows(service) if row.state == FileState.FILE_STATE_READY} <= stored <= known


async def assert_nothing_left(service: Service) -> None:
    assert blobs(service) == []
    assert await rows(service) == []
