"""The order in which WAL comes into the archive: at no moment is there a gap in it, since the next moment may be the last."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from devstack import binaries
from server import settings
from server.recovery import archiving, wal
from server.recovery.archiving import Archiver
from server.recovery.programs import Programs
from server.recovery.scratch import Cluster
from server.recovery.vault import Stored, Vault, open_vault
from server.stores import migrations
from server.stores.blobs import StorageUnavailable
from server.stores.blobs.directory import Directory
from tests.polling import until_so
from tests.recovery.clusters import make_roles, values
from tests.recovery.test_moments import archiving_of
from tests.test_settings import GOOD

SYSTEM = "7123456789"
SEGMENTS = [f"{1:08X}{0:08X}{number:08X}" for number in (3, 4, 5)]
NOW = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)


class Growing(Archiver):
    """An archiver of a database that writes a segment full while another is uploaded."""

    async def beat(self) -> datetime:
        return NOW

    async def bring(self, path: Path) -> None:
        await super().bring(path)
        if path.name == SEGMENTS[0] and (partial := self.folder / f"{SEGMENTS[1]}.partial").exists():
            partial.rename(self.folder / SEGMENTS[1])
            (self.folder / f"{SEGMENTS[2]}.partial").write_bytes(b"the beginning of the next")


class Watched(Vault):
    """A vault whose archive is looked at after everything that is stored there."""

    async def store(self, name: str, chunks: AsyncIterator[bytes]) -> Stored:
        stored = await super().store(name, chunks)
        await wal.archived(self, SYSTEM, SEGMENTS[0].lower())
        return stored


async def test_a_segment_that_becomes_whole_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one segment is uploaded the next becomes whole: it is brought before what follows it, and all within the turn."""

    async def note(*_: object) -> None:
        """No database is there to be told."""

    monkeypatch.setattr(archiving, "note", note)
    folder = tmp_path / "wal"
    folder.mkdir()
    (folder / SEGMENTS[0]).write_bytes(b"whole")
    (folder / f"{SEGMENTS[1]}.partial").write_bytes(b"the beginning")
    vault = Watched(Directory.open(tmp_path / "backups"), "")
    archiver = Growing(settings.load(GOOD), vault, folder, SYSTEM, print, set())

    await archiver.turn()

    there = await wal.archived(vault, SYSTEM, SEGMENTS[0].lower())
    assert there.segments == [segment.lower() for segment in SEGMENTS[:2]]
    assert there.partial.startswith(SEGMENTS[2].lower())
    assert there.until == archiver.until == NOW


async def test_an_archive_is_read_while_it_grows(tmp_path: Path) -> None:
    """What becomes whole between the two lists that a reader takes is no gap to it."""

    class Growing(Vault):
        async def names(self, prefix: str) -> list[str]:
            found = await super().names(prefix)
            if len(found) == 1:  # after the first of the lists
                await self.put(f"{wal.WAL}/{SYSTEM}/{SEGMENTS[1].lower()}")
                await self.put(f"{wal.PARTIAL}/{SYSTEM}/{SEGMENTS[2].lower()}-2000")
            return found

        async def put(self, name: str) -> None:
            async def chunks() -> AsyncIterator[bytes]:
                yield b"WAL"

            await self.store(name, chunks())

    vault = Growing(Directory.open(tmp_path / "backups"), "")
    await vault.put(f"{wal.WAL}/{SYSTEM}/{SEGMENTS[0].lower()}")
    await vault.put(f"{wal.PARTIAL}/{SYSTEM}/{SEGMENTS[1].lower()}-1000")

    there = await wal.archived(vault, SYSTEM, SEGMENTS[0].lower())

    assert there.segments == [segment.lower() for segment in SEGMENTS[:2]]


@pytest.mark.soak
async def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the backups cannot be reached the archiver's disk fills. When they are back the archiver goes on by itself, makes
    room, and archives what was written meanwhile, with no gap."""
    programs = Programs(Path(binaries.binary(binaries.POSTGRES)).parent)
    with small_disk(tmp_path / "wal"):
        async with Cluster.made(programs, tmp_path / "primary") as cluster:
            await make_roles(cluster)
            given = values(cluster, tmp_path)
            await migrations.migrate(given)
            connection = await asyncpg.connect(cluster.url("gazette"))
            async with open_vault(given) as vault, archiving_of(given, vault) as said:
                with monkeypatch.context() as away:
                    away.setattr(vault.storage, "write", unavailable)
                    for _ in range(64):
                        await connection.execute("SELECT pg_logical_emit_message(true, 'drill', repeat('x', 1000000))")
                    await until_so(lambda: shutil.disk_usage(tmp_path / "wal").free < wal.SEGMENT_BYTES)
                    await until_so(lambda: any("No space left on device" in line for line in said))
                count = len(said)
                await until_so(lambda: any("archived up to" in line for line in said[count:]), seconds=90)
                system = await connection.fetchval("SELECT system_identifier::text FROM pg_control_system()")
                there = await wal.archived(vault, system, f"{1:08x}{0:08x}{1:08x}")
            await connection.close()
    assert len(there.segments) >= 4
    assert there.until is not None


async def unavailable(*_: object, **__: object) -> None:
    raise StorageUnavailable


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A folder on a disk of its own, with room for two segments. Skips the test where none can be mounted."""
    folder.mkdir(mode=0o700)
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(folder)], check=False).returncode:
        pytest.skip("may not mount a disk")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)
