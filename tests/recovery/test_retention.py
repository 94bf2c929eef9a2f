"""What is kept: what is young, the last one however old, and what goes back as far as the retention."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from server.recovery import retaining
from server.recovery.contents import Contents, Newest
from server.recovery.manifests import Manifest, Physical, new_id
from server.recovery.vault import Stored
from tests.recovery.conftest import Installation

NOW = datetime(2026, 3, 31, 2, tzinfo=UTC)
MONTH = timedelta(days=30)


def backup(days: float, *, physical: bool = True) -> Manifest:
    """Of so many days ago."""
    time, stored = NOW - timedelta(days=days), Stored(name="x", size=1, sha256="")
    base = Physical(archive=stored, system="1", first_segment="0" * 24, finish_time=time, version="18.4") if physical else None
    held = Contents(revision="0028", tables={}, record=Newest(), audit=Newest())
    return Manifest(
        id=new_id(time), start_time=time, finish_time=time, release="1", contents=held, dump=stored, physical=base,
        inventory=stored, file_count=0, file_bytes=0, flaws=[],
    )  # fmt: skip


def ages(*days: float, physical: bool = True) -> list[float]:
    """Which of backups of these ages are let go."""
    gone = retaining.expired([backup(each, physical=physical) for each in days], NOW, MONTH)
    return [(NOW - each.start_time) / timedelta(days=1) for each in gone]


def test_what_has_had_its_time() -> None:
    """With a base backup, one that is older than the retention stays: from it, every moment of the retention can be reached."""
    assert ages(0, 1, 29, 31, 32, 33) == [33, 32]
    assert ages(0, 1, 29, 31, 32, 33, physical=False) == [33, 32, 31]
    assert ages(400) == []
    assert ages(300, 400, physical=False) == [400]
    assert ages() == []


async def test_old_backups_go_with_what_only_they_need(installed: Installation) -> None:
    """Of three only the newest is left, and of the files those that it has. What was never finished is gone too."""
    assert (await installed.backup()).exit_code == 0
    first = {path.parent.name for path in installed.objects("manifest")}
    leftover = installed.objects("manifest")[0].parent.with_name("20200101t000000z")
    leftover.mkdir()
    (leftover / "dump").write_bytes(b"half of one")
    copies = [path for path in installed.objects() if "/files/" in str(path)]
    needless = copies[0].with_name("0" * 64)
    needless.write_bytes(copies[0].read_bytes())
    await asyncio.sleep(2)  # a backup is named by its second, and the first is to be older than one
    second = await installed.backup(BACKUP_RETENTION="1s")
    assert second.exit_code == 0, second.output
    assert "are gone" in second.output
    left = {path.parent.name for path in installed.objects("manifest")}
    assert len(left) == 1
    assert left != first
    assert not leftover.joinpath("dump").exists()
    assert [path for path in installed.objects() if "/files/" in str(path)] == copies
    assert (await installed.backup("verify", "--files")).exit_code == 0
