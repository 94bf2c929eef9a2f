"""What is kept, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from server.recovery import files, manifests, wal
from server.recovery.manifests import Manifest
from server.recovery.vault import Vault

Tell = Callable[[str], None]


def expired(backups: Sequence[Manifest], now: datetime, retention: timedelta) -> list[Manifest]:
    """Those that have had their time. The newest has not, and neither has the newest that goes back as far as the retention
    does: with it, and the WAL behind it, every moment since can be restored."""
    if not backups:
        return []
    in_order = sorted(backups, key=lambda each: each.start_time)
    old = [each for each in in_order[:-1] if each.start_time < now - retention]
    return old[:-1] if old and old[-1].physical else old


async def retain(vault: Vault, now: datetime, retention: timedelta, tell: Tell) -> None:
    """Deletes what has had its time, and what backups left that were never finished. Called after one that was."""
    finished, unfinished = await manifests.ids(vault)
    backups = [await manifests.load(vault, each) for each in finished]
    gone = expired(backups, now, retention)
    for manifest in gone:
        await vault.delete(manifests.place(manifest.id, "manifest"))  # first: what is half deleted is no backup
    for id_ in [*unfinished, *(each.id for each in gone)]:
        for name in await vault.names(f"{manifests.BACKUPS}/{id_}"):
            await vault.delete(name)
    kept = [each for each in backups if each not in gone]
    await forget_files(vault, kept)
    await forget_wal(vault, kept)
    if gone or unfinished:
        tell(f"{len(gone)} backups have had their time and are gone, {len(unfinished)} that were never finished too")


async def forget_files(vault: Vault, kept: Sequence[Manifest]) -> None:
    needed = {files.place(row.sha256) for each in kept async for row in files.listed(vault, each.inventory)}
    for name in await vault.names(files.FILES):
        if name not in needed:
            await vault.delete(name)


async def forget_wal(vault: Vault, kept: Sequence[Manifest]) -> None:
    oldest: dict[str, str] = {}
    for each in kept:
        if (physical := each.physical) is not None:
            first = oldest.get(physical.system, physical.first_segment)
            oldest[physical.system] = min(first, physical.first_segment, key=lambda segment: segment[8:])
    for system, first in oldest.items():
        async for name in wal.older(vault, system, first):
            await vault.delete(name)
