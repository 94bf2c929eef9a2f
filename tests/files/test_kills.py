"""A process that is killed in the middle of an upload leaves nothing that is not finished or removed (F7)."""

from __future__ import annotations

import asyncio
import hashlib
import pickle
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest_asyncio
from sqlalchemy import func, select, text

from gazette.auth.v1.account_pb2 import Role
from gazette.files.v1.file_pb2 import FileState
from server.files.examining.background import Examining
from server.files.models import File, FileUsage, Upload
from server.files.stages import Way
from server.files.uploads.uploads import Uploads
from tests.files.dying import STEPS, Death, Task
from tests.files.uploading import assert_no_strays, rows
from tests.formats.samples import png
from tests.servers import Servers
from tests.service import Service, running

READY = FileState.FILE_STATE_READY
AT_THE_END = ("rejecting", "rejected")
KEPT = ("received", "examined", "intended", "promoted", "completing", "completed")
"""At which steps an upload that its client knows of may be left."""


@pytest_asyncio.fixture
async def idle(servers: Servers, template: str, tmp_path: Path) -> AsyncIterator[Service]:
    """A server that does in the background only what the test does."""
    async with running(servers, template, tmp_path, BACKGROUND_JOBS="false") as service:
        yield service


def image(number: int) -> bytes:
    """Each another one."""
    return png(1 + number, 1, bytes(1 + 3 * (1 + number)))


async def test_whatever_step_a_process_is_killed_at(idle: Service) -> None:
    """A stream whose call died leaves nothing, but a file that was ready before. What its client knows of goes on where it was,
    and becomes the file. What was refused is so. No object is without a row then, no row without its object, and what the files
    take up is counted right."""
    organisation_id = await idle.organisation()
    author = await idle.account(role=Role.ROLE_AUTHOR, organisation_id=organisation_id)
    deaths = [Death(Way.STREAM, step, f"{step}.png", image(at)) for at, step in enumerate(STEPS) if step not in AT_THE_END]
    deaths += [Death(Way.STREAM, step, f"{step}.png", image(40)[:-1]) for step in AT_THE_END]
    deaths += [Death(Way.RESUMABLE, step, f"kept {step}.png", image(50 + at)) for at, step in enumerate(KEPT)]
    deaths += [Death(Way.RESUMABLE, step, f"kept {step}.png", image(60)[:-1]) for step in AT_THE_END]
    await killed(Task(idle.settings, organisation_id, author.id, tuple(deaths)))
    async with idle.database.transaction() as connection:
        await connection.execute(text("UPDATE uploads SET held_until = now() - interval '1 second'"))
        soon = "UPDATE uploads SET next_attempt_time = now() WHERE next_attempt_time IS NOT NULL"
        await connection.execute(text(soon))
    uploads = idle.app.means(Uploads)

    await Examining(uploads.pipeline).examine_all()
    await uploads.sweep(timedelta(0))

    found = {row.name: (row.state, row.sha256) for row in await rows(idle)}
    whole = {each.name: hashlib.sha256(each.content).hexdigest() for each in deaths}
    ready = ["completed.png", *(f"kept {step}.png" for step in KEPT)]
    refused = dict.fromkeys(("rejected.png", "kept rejecting.png", "kept rejected.png"), (FileState.FILE_STATE_REJECTED, ""))
    assert found == {**{name: (READY, whole[name]) for name in ready}, **refused}
    await assert_no_strays(idle)
    async with idle.database.read() as connection:
        assert {row.key for row in await connection.execute(select(Upload.key))} <= {""}
        taken = (await connection.execute(select(func.sum(File.size_bytes)).where(File.state == READY))).scalar_one()
        assert (await connection.execute(select(FileUsage.used_bytes))).scalar_one() == taken


async def killed(task: Task) -> None:
    """Has the uploads taken in, each by a process that dies of it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.files.dying", stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate(pickle.dumps(task))
    assert process.returncode == 0, said.decode()
