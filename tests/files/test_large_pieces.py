"""Uploads in pieces of which an object storage keeps several parts: in a folder, and in a bucket."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import AsyncIterator
from contextlib import nullcontext
from typing import NamedTuple

import pytest
import pytest_asyncio
from sqlalchemy import func, update

from gazette.auth.v1.account_pb2 import Role
from gazette.files.v1.file_pb2 import FileState
from gazette.files.v1.upload_pb2 import Upload
from server.files import models
from server.files.resumable import queries
from server.files.resumable.pieces import Piece, once
from tests.files.pieces import appended, begun, cancelled, cut_off, got, row_of, used_bytes
from tests.files.uploading import png
from tests.polling import until
from tests.refusals import refused
from tests.servers import Servers
from tests.service import Person, Service, running
from tests.storage import moto

PART = 8 * 1024 * 1024
CONTENT = png(2 * PART + 1_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Office(NamedTuple):
    """Somebody who uploads, and where."""

    service: Service
    author: Person
    organisation_id: str

    async def begin(self) -> Upload:
        return await begun(self.service, self.author, self.organisation_id, CONTENT, sha256=SHA256)

    async def append(self, upload: Upload, content: bytes) -> Upload:
        return await appended(self.service, self.author, upload.id, upload.offset, content)

    async def left(self, upload: Upload) -> list[str]:
        """What the storage has of the upload, assemblies included."""
        storage = self.service.app.base.blobs
        found = []
        for prefix in ("quarantine", "incoming"):
            found += [key async for key in storage.keys(prefix)]
            found += [key async for key, _, _ in storage.assemblies(prefix)]
        return [key for key in found if upload.id in key]


@pytest_asyncio.fixture(scope="module", params=["folder", "bucket"])
async def large(
    request: pytest.FixtureRequest, servers: Servers, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """A server that takes files of this size."""
    with moto.serving() if request.param == "bucket" else nullcontext("") as endpoint:
        kept = {"FILES_DIRECTORY": "", "S3_ENDPOINT": endpoint, **moto.KEYS} if endpoint else {}
        folder = tmp_path_factory.mktemp("large")
        async with running(servers, template, folder, MAX_FILE_SIZE=str(len(CONTENT)), **kept) as service:
            yield service


@pytest_asyncio.fixture
async def office(large: Service) -> Office:
    """With an organisation of their own."""
    organisation_id = await large.organisation()
    return Office(large, await large.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id), organisation_id)


async def test_an_upload_that_is_cut_off_twice_arrives(office: Office) -> None:
    """In the first part, and behind one: each time what was kept is told, and the whole has the right SHA-256 (F1)."""
    upload = await office.begin()

    first = await cut_off(office.service, office.author, upload, CONTENT[:3_000_000])
    second = await cut_off(office.service, office.author, first, CONTENT[first.offset : PART + 2_000_000])
    assert (first.offset, second.offset) == (3_000_000, PART + 2_000_000)
    done = await office.append(second, CONTENT[second.offset :])

    assert (done.file.state, done.file.sha256) == (FileState.FILE_STATE_READY, SHA256)
    assert await office.left(upload) == []


async def test_an_upload_that_is_given_up_leaves_no_part(office: Office) -> None:
    """Neither parts nor what was less than one (F7)."""
    upload = await office.begin()
    await office.append(upload, CONTENT[: PART + 1000])
    assert len(await office.left(upload)) == 2

    await cancelled(office.service, office.author, upload.id)

    assert await office.left(upload) == []
    assert await used_bytes(office.service, office.organisation_id) == 0


async def test_a_process_that_dies_with_the_last_byte_loses_nothing(office: Office) -> None:
    """All parts are there, and nobody has put them together: the job does, though no client comes back (F7)."""
    service, upload = office.service, await office.begin()
    storage, allowed = service.app.base.blobs, frozenset({"image/png"})
    async with service.database.transaction() as connection:
        row = await queries.take(connection, uuid.UUID(upload.id), uuid.uuid4())
    piece = Piece(service.database, storage, row, allowed)
    await piece.take(once(CONTENT))
    await piece.complete()  # and dies

    asked = await got(service, office.author, upload.id)
    async with service.database.transaction() as connection:
        past = update(models.Upload).where(models.Upload.id == upload.id).values(held_until=func.now())
        await connection.execute(past.values(next_attempt_time=func.now()))
    next(job for job in service.app.jobs if job.name == "completion of uploads").wake()
    await until(lambda: has_gone_on(office, upload))

    assert (asked.offset, asked.file.state) == (len(CONTENT), FileState.FILE_STATE_PENDING)


async def has_gone_on(office: Office, upload: Upload) -> bool:
    row = await row_of(office.service, upload.id)
    return row is None or row.stage > 1


async def test_parts_that_were_lost_are_sent_again(office: Office) -> None:
    """A storage that has not what it had said it has costs the time that it took, and nothing else."""
    service, upload = office.service, await office.begin()
    half = await office.append(upload, CONTENT[: PART + 1000])
    row = await row_of(service, upload.id)
    assert row is not None
    await service.app.base.blobs.abandon(row.key, row.storage_upload)
    second = await service.app.base.blobs.begin(row.key, content_type="image/png")
    async with service.database.transaction() as connection:
        named = update(models.Upload).where(models.Upload.id == upload.id).values(storage_upload=second)
        await connection.execute(named)

    refusal = await refused(office.append(half, CONTENT[half.offset :]))
    assert (refusal.reason, refusal.info.metadata["offset"]) == ("OFFSET_MISMATCH", "0")
    done = await office.append(await got(service, office.author, upload.id), CONTENT)

    assert (done.file.state, done.file.sha256) == (FileState.FILE_STATE_READY, SHA256)
    assert await office.left(upload) == []
