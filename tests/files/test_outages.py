"""Uploads while the storage is away, and what killed processes leave."""

from __future__ import annotations

import asyncio
import socket
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
import pytest_asyncio
from sqlalchemy import text

from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.auth_service_pb2 import GetMeRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.files.v1.file_pb2 import FileState
from gazette.files.v1.file_service_pb2 import UploadFileRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from server.files.uploads.uploads import Uploads
from server.stores.blobs import StorageUnavailable, open_storage
from tests.files.uploading import PNG, assert_nothing_left, blobs, rows, send, upload_of
from tests.polling import until, until_so
from tests.refusals import refused
from tests.servers import Servers
from tests.service import Service, running
from tests.storage.moto import KEYS


@pytest_asyncio.fixture
async def cut_off(servers: Servers, template: str, tmp_path: Path) -> AsyncIterator[Service]:
    """A server whose object storage takes connections and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=64)) as listening:
        endpoint = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with running(servers, template, tmp_path, FILES_DIRECTORY="", S3_ENDPOINT=endpoint, **KEYS) as started:
            yield started


@pytest.mark.timed
async def test_an_upload_fails_in_time_and_all_else_goes_on(cut_off: Service) -> None:
    """With the storage black-holed uploads are UNAVAILABLE within 5 s, and who is signed in stays so (X8)."""
    organisation_id = await cut_off.organisation()
    author = await cut_off.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    start = time.monotonic()

    uploads = [asyncio.ensure_future(refused(send(cut_off, author, upload_of(organisation_id, PNG), PNG))) for _ in range(5)]
    await until_so(lambda: len(cut_off.app.limits.running) == len(uploads))
    asked = time.monotonic()
    await AuthServiceStub(cut_off.channel).GetMe(GetMeRequest(), metadata=author.metadata)
    assert time.monotonic() - asked < 1
    refusals = await asyncio.gather(*uploads)

    assert time.monotonic() - start < 5
    assert {(refusal.code, refusal.reason) for refusal in refusals} == {
        (grpc.StatusCode.UNAVAILABLE, "OBJECT_STORAGE_UNAVAILABLE")
    }
    assert {row.state for row in await rows(cut_off)} <= {FileState.FILE_STATE_PENDING}


async def test_the_sweep_removes_what_the_release_before_left(own_service: Service) -> None:
    """A pending file of no upload is removed with its blob once it is old, if no other has that blob; young ones and ready ones
    stay (F7)."""
    organisation_id = await own_service.organisation()
    author = await own_service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    old, young, ready = [(await send(own_service, author, upload_of(organisation_id, PNG), PNG)).file.id for _ in range(3)]
    async with own_service.database.transaction() as connection:
        pending = text("UPDATE files SET state = 1 WHERE id IN (:old, :young)")
        await connection.execute(pending, {"old": uuid.UUID(old), "young": uuid.UUID(young)})
        aged = text("UPDATE files SET create_time = now() - interval '3 hours' WHERE id IN (:old, :ready)")
        await connection.execute(aged, {"old": uuid.UUID(old), "ready": uuid.UUID(ready)})
    uploads = own_service.app.means(Uploads)

    assert await uploads.sweep() == 1
    assert {str(row.id) for row in await rows(own_service)} == {young, ready}
    assert await uploads.sweep(timedelta(0)) == 1
    assert {str(row.id) for row in await rows(own_service)} == {ready}
    assert len(blobs(own_service)) == 1
    async with own_service.database.transaction() as connection:
        await connection.execute(text("UPDATE files SET state = 1"))
    assert await uploads.sweep(timedelta(0)) == 1
    assert blobs(own_service) == await rows(own_service) == []


async def test_the_sweep_keeps_a_row_until_its_blob_is_gone(own_service: Service) -> None:
    """While the storage is away nothing is forgotten."""
    organisation_id = await own_service.organisation()
    author = await own_service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    await send(own_service, author, upload_of(organisation_id, PNG), PNG)
    async with own_service.database.transaction() as connection:
        await connection.execute(text("UPDATE files SET state = 1"))
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        gone = f"http://127.0.0.1:{listening.getsockname()[1]}"
    nowhere = {
        "files_directory": None,
        "s3_endpoint": gone,
        "s3_bucket_name": "files",
        "s3_access_key": "k",
        "s3_secret_key": "s",
    }
    storage = open_storage(own_service.settings.model_copy(update=nowhere))

    with pytest.raises(StorageUnavailable):
        await Uploads.from_settings(own_service.settings, own_service.database, storage, own_service.app.base.parsers).sweep(
            timedelta(0)
        )

    assert len(await rows(own_service)) == 1
    await storage.close()


async def test_a_server_that_stops_leaves_nothing_of_an_upload(servers: Servers, template: str, tmp_path: Path) -> None:
    """What a stop cuts off is cleared away before the process ends."""
    async with running(servers, template, tmp_path) as service:
        organisation_id = await service.organisation()
        author = await service.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)

        async def stalled() -> AsyncIterator[UploadFileRequest]:
            yield UploadFileRequest(upload=upload_of(organisation_id, PNG, size_bytes=1_000_000))
            yield UploadFileRequest(chunk=PNG + bytes(100_000))
            await asyncio.Event().wait()

        call = FileServiceStub(service.channel).UploadFile(stalled(), metadata=author.metadata)
        await until_so(lambda: blobs(service))
        await service.app.server.stop(0)

        async def is_cleared_away() -> bool:
            return not blobs(service) and not await rows(service)

        await until(is_cleared_away)
        await assert_nothing_left(service)
        assert (await refused(call)).code != grpc.StatusCode.OK
