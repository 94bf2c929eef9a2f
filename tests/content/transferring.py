"""Exports and imports with all that they can carry, message by message."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.content.v1.document_import_pb2 import (
    ExportDocumentsRequest,
    ImportDocumentsRequest,
    ImportedFile,
    ImportOptions,
    ImportOutcome,
    ImportResult,
)
from gazette.files.v1.file_service_pb2 import DownloadFileRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from gazette_client.endings import answered
from tests.content.desk import Desk
from tests.files.uploading import PDF, PNG, send, upload_of
from tests.service import Person, Service

RESTORES = ImportOptions(restores=True)
Message = ImportDocumentsRequest


async def exported(service: Service, by: Person, **request: Any) -> list[Message]:
    """Every message of an export, as one of an import."""
    stub = ContentServiceStub(service.channel)
    answers = stub.ExportDocuments(ExportDocumentsRequest(**request), metadata=by.metadata)
    return [as_import(part) async for part in answers]


def as_import(part: Any) -> Message:
    name = part.WhichOneof("part")
    return ImportDocumentsRequest(**{name: getattr(part, name)})


async def results_of(service: Service, by: Person, options: ImportOptions, parts: Iterable[Message]) -> list[ImportResult]:
    stub = ContentServiceStub(service.channel)
    requests = iter([ImportDocumentsRequest(options=options), *parts])
    return [*(await answered(stub.ImportDocuments(requests, metadata=by.metadata))).results]


def outcomes(results: Iterable[ImportResult]) -> list[str]:
    """What became of each part; of a refused one, the reason."""
    return [each.reason or ImportOutcome.Name(each.outcome).removeprefix("IMPORT_OUTCOME_") for each in results]


def file_parts(id: str, content: bytes, name: str = "form.pdf", **said: Any) -> Iterator[Message]:
    """A file and its bytes, in two messages."""
    told: dict[str, Any] = {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)} | said
    yield ImportDocumentsRequest(file=ImportedFile(id=id, name=name, **told))
    half = len(content) // 2
    for chunk in (content[:half], content[half:]):
        yield ImportDocumentsRequest(chunk=chunk)


async def downloaded(service: Service, id: str) -> bytes:
    """What anybody can download."""
    pieces = FileServiceStub(service.channel).DownloadFile(DownloadFileRequest(id=id))
    return b"".join([piece.data async for piece in pieces])


async def uploaded(desk: Desk) -> list[str]:
    """The ids of a PDF and of a picture of the desk's."""
    ids = []
    for content, name in ((PDF, "form.pdf"), (PNG, "harbour.png")):
        upload = upload_of(desk.organisation_id, content, name, alternative_text=f"a {name}")
        ids.append((await send(desk.service, desk.author, upload, content)).file.id)
    return ids


async def admin_of_all(service: Service) -> Person:
    return await service.account(role=Role.ROLE_ADMIN)


def kinds(parts: Sequence[Message]) -> list[str]:
    """What the messages are, bytes left out."""
    return [name for part in parts if (name := part.WhichOneof("part") or "") != "chunk"]
