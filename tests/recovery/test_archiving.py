"""The order in which WAL comes into the archive: at no moment is there a gap in it, since the next moment may be the last."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server import settings
from server.recovery import archiving, wal
from server.recovery.archiving import Archiver
from server.recovery.vault import Stored, Vault
from server.stores.blobs.directory import Directory
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
