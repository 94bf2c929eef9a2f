"""Two installations, of which the second is restored from an export of the first; and what they serve, byte for byte."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select

from gazette.auth.v1.account_pb2 import Role
from gazette.files.v1.file_service_pb2 import DownloadFileRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from server.delivery.models import Page
from server.files.models import File
from server.record.models import RecordEntry
from tests.importer.office import Office
from tests.servers import Servers
from tests.service import Service, running


async def office_on(service: Service) -> Office:
    return Office(service, await service.account("restorer@example.gov", role=Role.ROLE_ADMIN))


@asynccontextmanager
async def empty_office(servers: Servers, template: str, directory: Path) -> AsyncIterator[Office]:
    """The admin of another installation, which holds nothing."""
    async with running(servers, template, directory) as service:
        yield await office_on(service)


async def summary_of(office: Office, *arguments: str | Path) -> tuple[int, dict[str, Any]]:
    """Exit code and report of a command that prints JSON."""
    code, output, error = await office.run(*arguments, "--json")
    told = output if arguments[0] == "import" else error
    assert told.startswith("{"), (output, error)
    report: dict[str, Any] = json.loads(told)
    return code, report


async def served(service: Service) -> dict[tuple[str, str], tuple[bytes, Any]]:
    """Path and locale -> the stored bytes, and what else of a page decides what is served."""
    others = (Page.record_number, Page.document_id, Page.covers_prefix, Page.preserves_suffix, Page.summary)
    async with service.database.read() as connection:
        rows = await connection.execute(select(Page.path, Page.locale, Page.answer, *others))
        return {(row.path, row.locale): (row.answer, tuple(row)[3:]) for row in rows}


async def record(service: Service) -> list[tuple[int, bytes, bytes]]:
    async with service.database.read() as connection:
        columns = (RecordEntry.number, RecordEntry.body_bytes, RecordEntry.leaf_hash)
        rows = await connection.execute(select(*columns).order_by(RecordEntry.number))
        return [(row.number, row.body_bytes, row.leaf_hash) for row in rows]


async def public_files(service: Service) -> dict[str, str]:
    """The SHA-256 of the bytes that anybody can download, by the id of each file that is public."""
    async with service.database.read() as connection:
        ids = (await connection.execute(select(File.id).where(File.publish_time.is_not(None)))).scalars().all()
    stub, found = FileServiceStub(service.channel), {}
    for id in ids:
        digest = hashlib.sha256()
        async for piece in stub.DownloadFile(DownloadFileRequest(id=str(id))):
            digest.update(piece.data)
        found[str(id)] = digest.hexdigest()
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, by its path there."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def restored_equal(source: Office, target: Office, folder: Path) -> dict[str, Any]:
    """Exports one installation and restores the other from it; asserts that nothing tells the two apart, that a second import
    changes nothing, and that a second export is equal to the first. What the first import said."""
    exported, again = folder / "exported", folder / "again"
    code, report = await summary_of(source, "export", exported, "--for-restoring")
    assert code == 0
    code, first = await summary_of(target, "import", exported, "--restore")
    assert (code, first["refused"]) == (0, [])
    assert await served(target.service) == await served(source.service)
    assert await record(target.service) == await record(source.service)
    files = await public_files(source.service)
    assert await public_files(target.service) == files
    assert report["files"] == first["storedFiles"] == len(files)
    code, second = await summary_of(target, "import", exported, "--restore")
    assert (code, second["refused"]) == (0, [])
    changed = ("created", "updated", "contentTypes", "storedFiles", "organisations", "recordEntries", "redirects")
    assert [second[name] for name in changed] == [0] * len(changed)
    assert (await summary_of(target, "export", again, "--for-restoring"))[0] == 0
    assert contents(again) == contents(exported)
    return first
