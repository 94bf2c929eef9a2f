"""Looking after files in tests: short ways to change, delete and list them, over the stub."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import select

from gazette.files.v1 import managing_pb2 as rpc
from gazette.files.v1.file_pb2 import File
from gazette.files.v1.file_service_pb2 import DownloadFileRequest, GetFileRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from server.audit.models import AuditEvent
from server.stores.postgres import AnyRow
from tests.content.desk import Desk
from tests.files.uploading import CHUNK, PDF, PNG, send, upload_of
from tests.service import Person


def stub(desk: Desk) -> Any:
    return FileServiceStub(desk.service.channel)


async def picture(desk: Desk, name: str = "harbour.png", **given: Any) -> File:
    """A new image of the desk's."""
    return (await send(desk.service, desk.author, upload_of(desk.organisation_id, PNG, name, **given), PNG)).file


async def form(desk: Desk, name: str = "form.pdf", **given: Any) -> File:
    """A new PDF of the desk's."""
    return (await send(desk.service, desk.author, upload_of(desk.organisation_id, PDF, name, **given), PDF)).file


async def known(desk: Desk, id: str, by: Person | None = None) -> File:
    """What GetFile says."""
    answer: File = (await stub(desk).GetFile(GetFileRequest(id=id), metadata=(by or desk.author).metadata)).file
    return answer


async def bytes_of(desk: Desk, id: str, by: Person | None = None) -> bytes:
    """What DownloadFile says, to anybody where nobody is named."""
    call = stub(desk).DownloadFile(DownloadFileRequest(id=id), metadata=by.metadata if by else ())
    return b"".join([part.data async for part in call])


async def update(desk: Desk, file: File, by: Person | None = None, **changed: Any) -> File:
    wanted = File(id=file.id, etag=file.etag, **changed)
    request = rpc.UpdateFileRequest(file=wanted, update_mask=FieldMask(paths=[*changed]))
    answer: File = (await stub(desk).UpdateFile(request, metadata=(by or desk.author).metadata)).file
    return answer


async def delete(desk: Desk, file: File, by: Person | None = None, **asked: Any) -> rpc.DeleteFileResponse:
    request = rpc.DeleteFileRequest(id=file.id, **asked)
    answer: rpc.DeleteFileResponse = await stub(desk).DeleteFile(request, metadata=(by or desk.author).metadata)
    return answer


async def restore(desk: Desk, file: File, by: Person | None = None) -> File:
    request = rpc.RestoreFileRequest(id=file.id)
    answer: File = (await stub(desk).RestoreFile(request, metadata=(by or desk.author).metadata)).file
    return answer


async def listed(desk: Desk, by: Person | None = None, **asked: Any) -> rpc.ListFilesResponse:
    request = rpc.ListFilesRequest(**{"organisation_id": desk.organisation_id, **asked})
    answer: rpc.ListFilesResponse = await stub(desk).ListFiles(request, metadata=(by or desk.author).metadata)
    return answer


async def names(desk: Desk, by: Person | None = None, **asked: Any) -> list[str]:
    """Of the files that a list shows."""
    return [file.name for file in (await listed(desk, by, **asked)).files]


async def versions(desk: Desk, file: File, by: Person | None = None, **asked: Any) -> rpc.ListFileVersionsResponse:
    request = rpc.ListFileVersionsRequest(id=file.id, **asked)
    answer: rpc.ListFileVersionsResponse = await stub(desk).ListFileVersions(request, metadata=(by or desk.author).metadata)
    return answer


async def events(desk: Desk, file: File, action: str) -> list[AnyRow]:
    """What the audit says of the file, by this action."""
    async with desk.service.database.read() as connection:
        told = select(AuditEvent).where(AuditEvent.target == file.id, AuditEvent.action == action)
        return [*(await connection.execute(told)).all()]


async def parts(replacement: rpc.FileReplacement, content: bytes) -> AsyncIterator[rpc.ReplaceFileRequest]:
    yield rpc.ReplaceFileRequest(replacement=replacement)
    for start in range(0, len(content), CHUNK):
        yield rpc.ReplaceFileRequest(chunk=content[start : start + CHUNK])


def replacing(
    desk: Desk, file: File, content: bytes, by: Person | None = None, key: str = "", **given: Any
) -> Awaitable[rpc.ReplaceFileResponse]:
    metadata = (*(by or desk.author).metadata, *([("idempotency-key", key)] if key else []))
    wanted = rpc.FileReplacement(**{"id": file.id, "size_bytes": len(content), **given})
    call: Awaitable[rpc.ReplaceFileResponse] = stub(desk).ReplaceFile(parts(wanted, content), metadata=metadata)
    return call
