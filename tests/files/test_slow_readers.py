"""Clients that ask for a file and do not read it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
import pytest_asyncio
from google.api.httpbody_pb2 import HttpBody

from gazette.auth.v1.account_pb2 import Role
from gazette.files.v1.file_service_pb2 import DownloadFileRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from tests.files.uploading import png, send, upload_of
from tests.polling import until_so
from tests.refusals import refused
from tests.servers import Servers
from tests.service import Person, Service, running

SIZE = 16 * 1024 * 1024
Download = grpc.aio.UnaryStreamCall[DownloadFileRequest, HttpBody]


@pytest_asyncio.fixture
async def narrow(servers: Servers, template: str, tmp_path: Path) -> AsyncIterator[Service]:
    """A server that takes four calls at once."""
    async with running(servers, template, tmp_path, MAX_CONCURRENT_CALLS="4", MAX_FILE_SIZE=str(SIZE)) as service:
        yield service


async def file_of(service: Service, person: Person) -> str:
    content = png(SIZE)
    return (await send(service, person, upload_of(await service.organisation(), content), content)).file.id


async def unread(service: Service, person: Person, id: str) -> Download:
    """A download of which only the beginning is read."""
    download = FileServiceStub(service.channel).DownloadFile(DownloadFileRequest(id=id), metadata=person.metadata)
    await download.read()
    return download


async def rest_of(download: Download) -> None:
    while await download.read():
        pass


async def test_they_leave_room_for_others(narrow: Service) -> None:
    """Streams that stand still take half of the calls at most: who reads pages or signs in is answered all the same."""
    admin = await narrow.account(role=Role.ROLE_ADMIN)
    id = await file_of(narrow, admin)
    stuck = [await unread(narrow, admin, id) for _ in range(2)]
    refusal = await refused(unread(narrow, admin, id))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS")
    await narrow.sign_in(admin.email)
    for download in stuck:
        download.cancel()


async def test_they_are_cut(narrow: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that reads nothing for too long loses its stream, and makes room for the next."""
    monkeypatch.setattr("server.rpc.admission.readers.WRITE_SECONDS", 0.5)
    admin = await narrow.account(role=Role.ROLE_ADMIN)
    id = await file_of(narrow, admin)
    await unread(narrow, admin, id)
    stuck = await unread(narrow, admin, id)
    await until_so(lambda: not narrow.app.limits.running)
    await unread(narrow, admin, id)
    with pytest.raises(grpc.aio.AioRpcError) as cut:
        await rest_of(stuck)
    assert cut.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
