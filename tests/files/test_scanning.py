"""Files are scanned for viruses before anyone has them (F4)."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
import pytest_asyncio
from sqlalchemy import select, text
from structlog.testing import capture_logs

from gazette.auth.v1.account_pb2 import Role
from gazette.files.v1.file_pb2 import FileState
from gazette.files.v1.file_service_pb2 import DownloadFileRequest, GetFileRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from gazette.system.v1.system_service_pb2 import GetDetailedHealthRequest, HealthStatus
from gazette.system.v1.system_service_pb2_grpc import SystemServiceStub
from server.audit.models import AuditEvent
from server.files.examining import queries
from server.files.examining.background import Examining
from server.files.models import Upload
from server.files.scanning import ScannerUnavailable, TooLongToScan, clamd, tell_what_is_scanned
from server.files.scanning.clamd import Clamd
from server.files.uploads.uploads import Uploads
from server.formats.types import PARSED
from server.settings import Settings
from tests.files.scanner import EICAR, SIGNATURE, Scanner, listening
from tests.files.uploading import PNG, assert_no_strays, assert_nothing_left, assert_only_rejected, blobs, rows, send, upload_of
from tests.formats.samples import office
from tests.refusals import refused
from tests.servers import Servers
from tests.service import Person, Service, running

READY, PENDING = FileState.FILE_STATE_READY, FileState.FILE_STATE_PENDING


@pytest_asyncio.fixture
async def scanner() -> AsyncIterator[Scanner]:
    async with listening() as started:
        yield started


@pytest_asyncio.fixture
async def scanned(servers: Servers, template: str, tmp_path: Path, scanner: Scanner) -> AsyncIterator[Service]:
    """A server whose files are scanned, and that does in the background only what the test does."""
    types = ",".join(sorted(PARSED))
    changed = {"CLAMAV_URL": scanner.url, "ALLOWED_FILE_TYPES": types, "BACKGROUND_JOBS": "false"}
    async with running(servers, template, tmp_path, **changed) as service:
        yield service


async def somebody(service: Service) -> tuple[str, Person]:
    organisation_id = await service.organisation()
    return organisation_id, await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)


async def go_on(service: Service) -> None:
    """Does what the job does once the next attempts have come."""
    async with service.database.transaction() as connection:
        await connection.execute(text("UPDATE uploads SET next_attempt_time = now() WHERE next_attempt_time IS NOT NULL"))
    await Examining(service.app.means(Uploads).pipeline).examine_all()


async def test_a_virus_is_rejected_by_name(scanned: Service, scanner: Scanner) -> None:
    """As it is and in an archive: the caller is told, the row says why, its bytes are gone, and nobody is served any. What is
    sound beside it is scanned whole, and taken."""
    organisation_id, author = await somebody(scanned)
    for name, content in (("virus.txt", EICAR), ("virus.docx", office(("word/media/a.bin", EICAR)))):
        refusal = await refused(send(scanned, author, upload_of(organisation_id, content, name), content))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FILE_INFECTED")
        assert SIGNATURE in refusal.fields["chunk"]
    await assert_only_rejected(scanned)
    stub = FileServiceStub(scanned.channel)
    for row in await rows(scanned):
        assert (row.rejection_reason, row.sha256) == ("FILE_INFECTED", "")
        assert SIGNATURE in row.rejection_message
        async with scanned.database.read() as connection:
            events = select(AuditEvent.details).where(AuditEvent.action == "file.reject", AuditEvent.target == str(row.id))
            assert (await connection.execute(events)).scalars().all() == [{"reason": "FILE_INFECTED"}]
            used = (await connection.execute(text("SELECT used_bytes FROM file_usage"))).scalar_one()
        assert used == 0
        with pytest.raises(grpc.aio.AioRpcError):
            async for _ in stub.DownloadFile(DownloadFileRequest(id=str(row.id)), metadata=author.metadata):
                pass

    file = (await send(scanned, author, upload_of(organisation_id, PNG), PNG)).file
    assert file.state == READY
    assert scanner.scanned[-1] == PNG


async def test_a_file_waits_for_a_scanner_that_is_away(scanned: Service, scanner: Scanner) -> None:
    """It is PENDING, and nobody has its bytes, however often it is tried; a repetition under the same key is the same file.
    Once the scanner is there it becomes READY, or is REJECTED, by itself, and nothing else is left. The health says who is
    away."""
    organisation_id, author = await somebody(scanned)
    await scanner.stop()
    key = ("idempotency-key", "one")
    file = (await send(scanned, author, upload_of(organisation_id, PNG), PNG, key)).file
    again = (await send(scanned, author, upload_of(organisation_id, PNG), PNG, key)).file
    virus = (await send(scanned, author, upload_of(organisation_id, EICAR, "a.txt"), EICAR)).file
    assert (file.state, again.id, virus.state) == (PENDING, file.id, PENDING)
    stub = FileServiceStub(scanned.channel)
    for _ in range(2):
        await go_on(scanned)
        assert [path.parent.name for path in blobs(scanned)] == ["quarantine"] * 2
        with pytest.raises(grpc.aio.AioRpcError):
            async for _ in stub.DownloadFile(DownloadFileRequest(id=file.id), metadata=author.metadata):
                pass
    async with scanned.database.read() as connection:
        waiting = await queries.waiting(connection)
    assert waiting.number == 2
    assert waiting.oldest_seconds >= queries.FIRST_PAUSE.total_seconds(), "it was put off once"
    admin = await scanned.account(role=Role.ROLE_ADMIN)
    health = await SystemServiceStub(scanned.channel).GetDetailedHealth(GetDetailedHealthRequest(), metadata=admin.metadata)
    (part,) = [each for each in health.components if each.name == "virus_scanner"]
    assert (part.status, health.status) == (HealthStatus.HEALTH_STATUS_DEGRADED,) * 2

    await scanner.start()
    await go_on(scanned)
    found = (await stub.GetFile(GetFileRequest(id=file.id), metadata=author.metadata)).file
    assert (found.state, found.sha256, found.content_type) == (READY, hashlib.sha256(PNG).hexdigest(), "image/png")
    states = {row.id.hex: row.rejection_reason for row in await rows(scanned)}
    assert sorted(states.values()) == ["", "FILE_INFECTED"]
    await assert_no_strays(scanned)


async def test_what_is_too_long_for_the_scanner_waits(servers: Servers, template: str, tmp_path: Path) -> None:
    """It is nobody's to serve before the scanner takes as much (StreamMaxLength), and the log says so."""
    async with listening(most=100) as scanner, running(servers, template, tmp_path, CLAMAV_URL=scanner.url) as service:
        organisation_id, author = await somebody(service)
        with capture_logs() as lines:
            file = (await send(service, author, upload_of(organisation_id, PNG), PNG)).file
        assert file.state == PENDING
        assert any(line["log_level"] == "error" and "StreamMaxLength" in line["event"] for line in lines)
        assert [path.parent.name for path in blobs(service)] == ["quarantine"]


async def test_an_unfit_answer_says_nothing_of_a_file(scanner: Scanner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scanner that answers nothing, or something else, is as good as away; so is one that nobody listens for."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield bytes(100_000)

    assert await Clamd(scanner.url).scan(pieces(), 400_000) == ""
    scanner.most = 100_000
    with pytest.raises(TooLongToScan):
        await Clamd(scanner.url).scan(pieces(), 400_000)
    scanner.most, scanner.is_dumb = 1 << 20, True
    monkeypatch.setattr(clamd, "SCAN_SECONDS", 0.1)
    with pytest.raises(ScannerUnavailable):
        await Clamd(scanner.url).scan(pieces(), 0)
    for said in ("stream: Can't allocate memory ERROR", "UNKNOWN COMMAND", "", "stream: OK FOUND ERROR"):
        with pytest.raises(ScannerUnavailable):
            clamd.verdict(said)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(ScannerUnavailable):
        await Clamd(f"tcp://127.0.0.1:{port}").check()
    with pytest.raises(ScannerUnavailable):
        await Clamd("unix:///nowhere/clamd.ctl").check()


async def test_over_a_socket_of_this_machine(tmp_path: Path) -> None:
    """`unix://` names one."""
    scanner, path = Scanner(), tmp_path / "clamd.ctl"
    server = await asyncio.start_unix_server(scanner.answer, path)
    async with server:
        await Clamd(f"unix://{path}").check()

        async def virus() -> AsyncIterator[bytes]:
            yield EICAR

        assert await Clamd(f"unix://{path}").scan(virus(), len(EICAR)) == SIGNATURE


async def test_a_stream_that_is_cut_off_is_scanned_by_nobody(scanned: Service, scanner: Scanner) -> None:
    """Only what came whole is examined."""
    organisation_id, author = await somebody(scanned)
    cut = upload_of(organisation_id, PNG, size_bytes=len(PNG) + 1)
    assert (await refused(send(scanned, author, cut, PNG))).reason == "SIZE_MISMATCH"
    await assert_nothing_left(scanned)
    assert not scanner.scanned


async def test_an_upload_that_waits_is_not_swept_away(scanned: Service, scanner: Scanner) -> None:
    """However long the scanner is away."""
    organisation_id, author = await somebody(scanned)
    await scanner.stop()
    await send(scanned, author, upload_of(organisation_id, PNG), PNG)
    assert await scanned.app.means(Uploads).sweep(timedelta(0)) == 0
    async with scanned.database.read() as connection:
        assert len((await connection.execute(select(Upload))).all()) == 1
    await scanner.start()


@pytest.mark.parametrize(
    ("environment", "url", "level"),
    [("production", "", "warning"), ("development", "", "info"), ("production", "tcp://clamav:3310", "info")],
)
def test_the_log_says_at_the_start_whether_files_are_scanned(environment: str, url: str, level: str) -> None:
    """And loudly where the public is served and they are not."""
    values = Settings.model_construct(environment=environment, clamav_url=url)
    with capture_logs() as lines:
        tell_what_is_scanned(values)
    (line,) = lines
    assert (line["log_level"], "CLAMAV_URL" in line["event"]) == (level, not url)
