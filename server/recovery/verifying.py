"""Whether a backup is what it says: every object read again, opened, hashed, and looked at by PostgreSQL's own programs."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from server.recovery import contents, files, unpacking, wal
from server.recovery.failures import RecoveryFailed
from server.recovery.manifests import Manifest
from server.recovery.programs import Programs
from server.recovery.scratch import Cluster
from server.recovery.vault import Stored, Vault

Tell = Callable[[str], None]


async def verify(vault: Vault, programs: Programs, manifest: Manifest, tell: Tell) -> None:
    """Raises Damaged, RecoveryFailed."""
    for stored in manifest.objects:
        await vault.verify(stored)
    listed = await programs.feed("pg_restore", "--list", chunks=vault.checked(manifest.dump))
    tables = {line.split()[-2] for line in listed.decode(errors="replace").splitlines() if " TABLE DATA " in line}
    missing = [name for name in manifest.contents.tables if name.partition(".")[2].strip('"') not in tables]
    if missing:
        raise RecoveryFailed(f"the dump has no data of {', '.join(missing)}")
    there = set(await vault.names(files.FILES))
    count = 0
    async for row in files.listed(vault, manifest.inventory):
        count += 1
        flawed = any(each.startswith(f"{row.key} ") for each in manifest.flaws)
        if files.place(row.sha256) not in there and not flawed:
            raise RecoveryFailed(f"the backups have no bytes of the file {row.key}")
    if count != manifest.file_count:
        raise RecoveryFailed(f"the inventory has {count} files, and not {manifest.file_count}")
    tell(f"backup {manifest.id}: {len(manifest.objects)} objects were read again, {len(tables)} tables, {count} files")


async def verify_files(vault: Vault, manifest: Manifest, tell: Tell) -> None:
    """Reads every file's copy. Raises Damaged."""
    count = 0
    async for row in files.listed(vault, manifest.inventory):
        if any(each.startswith(f"{row.key} ") for each in manifest.flaws):
            continue
        await vault.verify(Stored(name=files.place(row.sha256), size=row.size, sha256=row.sha256))
        count += 1
    tell(f"backup {manifest.id}: the copies of {count} files were read")


async def verify_wal(vault: Vault, manifest: Manifest, tell: Tell) -> None:
    """Raises RecoveryFailed where the WAL archive has a gap behind the base backup. Nothing is wrong with none at all."""
    if manifest.physical is None:
        return
    found = await wal.archived(vault, manifest.physical.system, manifest.physical.first_segment)
    tell(f"WAL archive: {len(found.segments)} segments behind the base backup, up to {found.until or 'none'}")


async def verify_by_restoring(vault: Vault, programs: Programs, manifest: Manifest, tell: Tell) -> None:
    """Restores the dump and the base backup into clusters that are thrown away, and compares. Raises RecoveryFailed."""
    with tempfile.TemporaryDirectory(prefix="gazette-scratch-") as folder:
        place = Path(folder)
        async with Cluster.made(programs, place / "dump") as cluster:
            await cluster.execute("CREATE DATABASE scratch")
            url = cluster.url("scratch")
            args = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", "--dbname=scratch")
            await programs.feed("pg_restore", *args, chunks=vault.checked(manifest.dump), url=url)
            async with contents.connected(url) as connection:
                held = await contents.contents(connection)
        if wrong := differences(manifest.contents, held):
            raise RecoveryFailed(f"the dump was restored, and differs: {'; '.join(wrong)}")
        tell(f"backup {manifest.id}: the dump was restored; every table, the record and the audit agree")
        if manifest.physical is not None:
            await asyncio.to_thread((place / "base").mkdir, 0o700)
            await unpacking.unpack(vault, manifest.physical.archive, place / "base")
            async with Cluster.of(programs, place / "base") as cluster:
                await cluster.ready()
            tell(f"backup {manifest.id}: the base backup is what its manifest says, and PostgreSQL starts with it")


def differences(expected: contents.Contents, held: contents.Contents) -> list[str]:
    """In words; none if what is held is what was backed up."""
    wrong = []
    for name in sorted(expected.tables.keys() | held.tables.keys()):
        one, two = expected.tables.get(name), held.tables.get(name)
        if one is None or two is None:
            wrong.append(f"{name} is {'new' if one is None else 'missing'}")
        elif one != two:
            wrong.append(f"{name} has {two.rows} rows and not {one.rows}" if one.rows != two.rows else f"{name} has other rows")
    for what, one_end, two_end in (
        ("record", expected.record, held.record),
        ("audit", expected.audit, held.audit),
    ):
        if one_end != two_end:
            wrong.append(f"the {what} ends at {two_end.number}:{two_end.sha256}, not {one_end.number}:{one_end.sha256}")
    return wrong
