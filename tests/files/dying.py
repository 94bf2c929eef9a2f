"""A process that takes uploads in and is killed at a step of them: SIGKILL, as the kernel does it, with a real storage and
database.

`python -m tests.files.dying` takes a pickled `Task` from its standard input. What takes long, importing, is done once: each
death is that of a fork.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import sys
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, NamedTuple

import uuid6
from sqlalchemy import func, update

from gazette.files.v1.file_pb2 import FileUpload
from server.background.processes import Processes
from server.files.examining import finishing, queries
from server.files.examining.pipeline import Pipeline
from server.files.examining.rejecting import Rejecting
from server.files.examining.wanted import Wanted
from server.files.models import Upload
from server.files.quotas import reserving
from server.files.stages import Stage, Way
from server.files.uploads.receiving import Received
from server.files.uploads.rules import STREAM_FIELDS
from server.files.uploads.uploads import Uploads
from server.formats import parsing
from server.settings import Settings
from server.stores import blobs, postgres

STEPS: dict[str, tuple[Any, str, bool]] = {
    "announced": (Uploads, "bring", False),
    "receiving": (Received, "whole", False),
    "received": (Pipeline, "taken", False),
    "examined": (Pipeline, "intend", False),
    "intended": (Pipeline, "promote", False),
    "promoted": (Pipeline, "complete", False),
    "completing": (finishing, "finished", True),
    "completed": (Pipeline, "complete", True),
    "rejecting": (Rejecting, "reject", False),
    "rejected": (Rejecting, "remove_bytes", False),
}
"""Where the process dies: before what is named is done, or behind it."""


class Death(NamedTuple):
    """An upload, and where it ends."""

    way: Way
    step: str
    name: str
    content: bytes


class Task(NamedTuple):
    settings: Settings
    organisation_id: str
    author_id: str
    deaths: tuple[Death, ...]


def main() -> None:
    task: Task = pickle.load(sys.stdin.buffer)
    for death in task.deaths:
        pid = os.fork()
        if pid == 0:
            try:
                asyncio.run(take(task, death))
            finally:
                os._exit(1)  # it was to be dead
        _, status = os.waitpid(pid, 0)
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            sys.exit(f"{death.way.name} {death.step}: did not die")


async def take(task: Task, death: Death) -> None:
    prepare(*STEPS[death.step])
    database, storage = postgres.connect(task.settings), blobs.open_storage(task.settings)
    parsers = Processes(memory=parsing.MEMORY)  # each imports the one parser that it needs
    uploads = Uploads.from_settings(task.settings, database, storage, parsers)
    if death.way == Way.STREAM:
        upload = FileUpload(organisation_id=task.organisation_id, name=death.name, size_bytes=len(death.content))
        arriving = await uploads.announce(upload, "image/png", uuid.UUID(task.author_id))
        received = uploads.received(upload, once(death.content), STREAM_FIELDS)
        await received.beginning()
        await uploads.bring(arriving, received, Wanted())
    else:
        id = await kept(task, death, uploads)
        await uploads.pipeline.settle(id, seconds=60)


async def kept(task: Task, death: Death, uploads: Uploads) -> uuid.UUID:
    """An upload whose bytes are all there, and that its client knows of."""
    id, organisation_id = uuid6.uuid7(), uuid.UUID(task.organisation_id)
    about = {"name": death.name, "size_bytes": len(death.content), "author_id": uuid.UUID(task.author_id)}
    file = {**about, "organisation_id": organisation_id, "alternative_text": ""}
    columns = {**about, "id": id, "file_id": uuid6.uuid7(), "way": death.way, "sha256": "", "key": f"quarantine/{id}"}
    await uploads.storage.write(f"quarantine/{id}", once(death.content), content_type="image/png")
    async with uploads.database.transaction() as connection:
        await queries.add(connection, file=file, lifetime=timedelta(days=1), **columns)
        received = update(Upload).where(Upload.id == id)
        await connection.execute(received.values(stage=Stage.RECEIVED, next_attempt_time=func.now()))
        await reserving.reserve(connection, organisation_id, len(death.content), 0)
    return id


def prepare(owner: Any, name: str, is_behind: bool) -> None:
    original = getattr(owner, name)

    async def dying(*arguments: Any, **named: Any) -> None:
        if is_behind:
            await original(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    async def dying_midway(received: Received) -> AsyncIterator[bytes]:
        yield received.head[:10]
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, dying_midway if name == "whole" else dying)


async def once(content: bytes) -> AsyncIterator[bytes]:
    yield content


if __name__ == "__main__":
    main()
