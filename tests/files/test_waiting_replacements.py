"""Replacements that wait to be examined, and what may have become of their files by then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from sqlalchemy import select, text

from gazette.files.v1.file_pb2 import FileState
from server.files.examining.background import Examining
from server.files.models import FileUsage, Upload
from server.files.uploads.uploads import Uploads
from tests.content.desk import Desk
from tests.files.keeping import bytes_of, delete, form, known, replacing, versions
from tests.files.scanner import Scanner, listening
from tests.files.uploading import PDF, blobs
from tests.servers import Servers
from tests.service import Service, running

NEW = PDF + b"\n"
PENDING, REJECTED = FileState.FILE_STATE_PENDING, FileState.FILE_STATE_REJECTED


@pytest_asyncio.fixture
async def scanner() -> AsyncIterator[Scanner]:
    async with listening() as started:
        yield started


@pytest_asyncio.fixture
async def desk(servers: Servers, template: str, tmp_path: Path, scanner: Scanner) -> AsyncIterator[Desk]:
    """An office whose files are scanned, and whose server does in the background only what the test does."""
    async with running(servers, template, tmp_path, CLAMAV_URL=scanner.url, BACKGROUND_JOBS="false") as service:
        yield await Desk.opened(service)


async def go_on(service: Service) -> None:
    """Does what the job does once the next attempts have come."""
    async with service.database.transaction() as connection:
        await connection.execute(text("UPDATE uploads SET next_attempt_time = now() WHERE next_attempt_time IS NOT NULL"))
    await Examining(service.app.means(Uploads).pipeline).examine_all()


async def assert_given_up(desk: Desk) -> None:
    """Nothing of what was to replace it is left, be it counted."""
    async with desk.service.database.read() as connection:
        assert (await connection.execute(select(Upload))).all() == []
        assert (await connection.execute(select(FileUsage.used_bytes))).scalar_one() == len(PDF)
    assert [path.parent.name for path in blobs(desk.service)] == ["blobs"]


async def test_what_the_file_is_is_served_until_then(desk: Desk, scanner: Scanner) -> None:
    """It says what is on its way; once the scanner is there again it is that, by itself."""
    file = await form(desk)
    await scanner.stop()
    waiting = (await replacing(desk, file, NEW, name="new.pdf")).file
    assert (waiting.version, waiting.name, waiting.replacement.state) == (1, "form.pdf", PENDING)
    await go_on(desk.service)
    assert await known(desk, file.id) == waiting
    assert await bytes_of(desk, file.id, desk.author) == PDF

    await scanner.start()
    await go_on(desk.service)
    now = await known(desk, file.id)
    assert (now.version, now.name, now.HasField("replacement")) == (2, "new.pdf", False)
    assert await bytes_of(desk, file.id, desk.author) == NEW
    assert [each.author_id for each in (await versions(desk, file)).versions] == [desk.author.id] * 2


async def test_a_file_that_is_deleted_is_not_replaced(desk: Desk, scanner: Scanner) -> None:
    """What was to take its place goes with that."""
    file = await form(desk)
    await scanner.stop()
    await replacing(desk, file, NEW)
    await delete(desk, file)
    await assert_given_up(desk)
    await scanner.start()
    await go_on(desk.service)
    await assert_given_up(desk)


async def test_a_file_that_has_become_public_is_replaced_by_who_may_publish(desk: Desk, scanner: Scanner) -> None:
    """Others began it while it was not: that is given up, and the public sees what was published."""
    file = await form(desk)
    await scanner.stop()
    await replacing(desk, file, NEW)
    await desk.published("/a", attachments=[file.id])
    await scanner.start()
    await go_on(desk.service)
    await assert_given_up(desk)
    assert await bytes_of(desk, file.id) == PDF
    await scanner.stop()
    await replacing(desk, file, NEW, desk.publisher)
    await scanner.start()
    await go_on(desk.service)
    assert await bytes_of(desk, file.id) == NEW
