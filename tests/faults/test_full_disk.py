"""A disk of the database's is full: that of the tables, or that of the WAL."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from gazette.content.v1.content_service_pb2 import GetDocumentRequest
from tests.faults.installation import Installation
from tests.faults.load import Load
from tests.faults.test_database import OUTAGE, codes
from tests.polling import until, until_so
from tests.soak import some_of

ROOM = 48 * 1024 * 1024
"""What a disk has beyond what is on it."""
MESSAGE = "SELECT pg_logical_emit_message(true, 'drill', repeat('x', 1000000))"
"""Writes WAL, and nothing else."""


@pytest.fixture
def mounting() -> None:
    if os.geteuid():
        pytest.skip("needs root, to mount a small disk")


@contextmanager
def small_disk(installation: Installation, folder: str) -> Iterator[Path]:
    """A folder of PostgreSQL's is on a disk of its own, which has little room. Afterwards it is where it was."""
    postgres, place = installation.stack.postgres, installation.stack.home.path / "postgres" / folder
    aside = installation.stack.home.path / f"{folder}.aside"
    postgres.stop()
    try:
        copy(place, aside)
        size = ROOM + sum(path.stat().st_size for path in aside.rglob("*") if path.is_file())
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], check=False)
        if mounted.returncode:
            pytest.skip("may not mount a disk")
        try:
            copy(aside, place)
            postgres.start()
            yield place
        finally:
            postgres.stop()
            shutil.rmtree(aside)
            copy(place, aside)
            subprocess.run(["umount", str(place)], check=True)
        shutil.rmtree(place)
        copy(aside, place)
    finally:
        shutil.rmtree(aside)
        postgres.start()


def copy(source: Path, target: Path) -> None:
    """With owners and modes."""
    target.mkdir(exist_ok=True)
    subprocess.run(["cp", "--archive", f"{source}/.", str(target)], check=True)


@asynccontextmanager
async def on_small_disk(installation: Installation, folder: str) -> AsyncIterator[Path]:
    disk = small_disk(installation, folder)
    place = await asyncio.to_thread(disk.__enter__)
    try:
        yield place
    finally:
        await asyncio.to_thread(disk.__exit__, None, None, None)


def fill(place: Path) -> Path:
    """The file that takes all the room there is."""
    filler = place / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(65536))
    assert shutil.disk_usage(place).free == 0
    return filler


async def use_up_wal(installation: Installation) -> None:
    """Writes until PostgreSQL cannot."""
    with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection = await asyncpg.connect(installation.stack.admin_database_url)
        while True:
            await connection.execute(MESSAGE)


@pytest.mark.usefixtures("mounting")
@pytest.mark.parametrize("folder", some_of(("base", "pg_wal"), "pg_wal"))
async def test_a_full_disk(installation: Installation, folder: str) -> None:
    """While there is no room, what writes is told UNAVAILABLE, and pages are read. With the tables' disk full PostgreSQL goes
    on, and so do all reads; with that of the WAL it ends, and has to be started when there is room. Then all is well, and
    nothing that was acknowledged is missing."""
    async with on_small_disk(installation, folder) as place, Load.on(installation, attempts=1) as load:
        await until(lambda: asyncio.to_thread(installation.is_ready))
        async with load.running(*load.reads, *load.writes):
            await load.has_come(20, *load.writes)
            filler = await asyncio.to_thread(fill, place)
            if folder == "pg_wal":
                await use_up_wal(installation)
                await until_so(lambda: not installation.stack.postgres.is_running)
            await until_so(lambda: load.of(*load.writes)[-1].code != "OK")
            full = time.monotonic()
            await load.has_come(40, *load.writes, since=full)
            during = load.of(since=full)
            filler.unlink()
            if folder == "pg_wal":
                await asyncio.to_thread(installation.stack.postgres.start)
            assert installation.stack.postgres.is_running
            room = time.monotonic()
            await load.has_come(40, *load.writes, since=room + 3)
        others = (load.grpc_page, load.http_page) if folder == "pg_wal" else load.reads
        names = {source.__name__ for source in others}
        assert codes([each for each in during if each.source in names]) == {("OK", "")}
        assert codes([each for each in during if each.source not in names]) == OUTAGE
        assert codes(load.of(since=room + 3)) == {("OK", "")}
        assert codes(load.outcomes) == OUTAGE | {("OK", "")}
        assert len(load.made) > 20
        for id_ in load.made:
            assert (await load.one.content.GetDocument(GetDocumentRequest(id=id_))).document.id == id_
