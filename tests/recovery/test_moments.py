"""Base backups and the WAL archive: back to a minute, with all that was committed by then and nothing that came later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from devstack import binaries
from server import settings
from server.recovery import archiving, manifests, restoring, taking, verifying, wal
from server.recovery.failures import RecoveryFailed
from server.recovery.programs import Programs
from server.recovery.scratch import Cluster
from server.recovery.vault import Vault, open_vault
from server.settings import Settings
from server.stores import migrations
from tests.recovery.clusters import held, make_roles, values, write

NAMES = ("0" * 24, "0" * 8 + "0" * 14 + "ff", "00000001" + "00000002" + "000000ff")


@asynccontextmanager
async def archiving_of(given: Settings, vault: Vault) -> AsyncIterator[list[str]]:
    """`gazette backup wal`, from its first upload on. What it says."""
    said: list[str] = []
    stop, begun = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(archiving.archive(given, vault, said.append, stop, begun))
    try:
        async with asyncio.timeout(30):
            done = asyncio.create_task(begun.wait())
            await asyncio.wait([done, task], return_when=asyncio.FIRST_COMPLETED)
        assert begun.is_set(), said
        yield said
    finally:
        stop.set()
        await task


def log(_: str) -> None:
    """What is told is of no interest here."""


async def test_back_to_a_moment(tmp_path: Path) -> None:
    """A moment is reached exactly: all that was acknowledged before it, and nothing after. So is the last that was archived,
    over a restart of the archiver and a change of segments; moments that were not archived, or are too early, are refused."""
    programs = Programs(Path(binaries.binary(binaries.POSTGRES)).parent)
    async with Cluster.made(programs, tmp_path / "primary") as cluster:
        await make_roles(cluster)
        given = values(cluster, tmp_path)
        await migrations.migrate(given)
        connection = await asyncpg.connect(cluster.url("gazette"))
        await connection.execute("CREATE TABLE written (id bigserial PRIMARY KEY)")
        async with open_vault(given) as vault:
            async with archiving_of(given, vault):
                await write(connection, 10)
                manifest = await taking.take(given, vault, log)
                assert manifest.physical is not None
                moment = await write(connection, 20)
                await asyncio.sleep(0.1)
                await write(connection, 30)
                await connection.execute("SELECT pg_switch_wal()")
                await write(connection, 5)
            async with archiving_of(given, vault):
                await write(connection, 7)
                archived = asyncio.get_running_loop().time()
                last = await write(connection, 1)
                while (await wal_until(vault, manifest)) < last:
                    await asyncio.sleep(0.05)
                lost = asyncio.get_running_loop().time() - archived
            assert lost < 5, "what was committed is archived within the interval and a moment"
            async with connection.transaction():
                assert await connection.fetchval("SELECT success_time FROM backup_successes WHERE kind = 'wal'")
            await connection.close()
            await verifying.verify_by_restoring(vault, programs, manifest, log)
            await restoring.data_directory(vault, manifest, tmp_path / "moment", moment, log)
            await restoring.data_directory(vault, manifest, tmp_path / "last", None, log)
            for time, words in (
                (datetime.now(UTC) + timedelta(hours=1), "was not archived"),
                (manifest.start_time - timedelta(hours=1), "was finished after"),
            ):
                with pytest.raises(RecoveryFailed, match=words):
                    await restoring.data_directory(vault, manifest, tmp_path / "none", time, log)
            with pytest.raises(RecoveryFailed, match="is not empty"):
                await restoring.data_directory(vault, manifest, tmp_path / "last", None, log)
            assert await held(programs, tmp_path / "moment") == 10 + 20
            assert await held(programs, tmp_path / "last") == 10 + 20 + 30 + 5 + 7 + 1
            whole = await vault.names(wal.WAL)
            await vault.delete(whole[0])
            with pytest.raises(RecoveryFailed, match="lacks segment"):
                await restoring.data_directory(vault, manifest, tmp_path / "gap", None, log)


async def wal_until(vault: Vault, manifest: manifests.Manifest) -> datetime:
    assert manifest.physical is not None
    archive = await wal.archived(vault, manifest.physical.system, manifest.physical.first_segment)
    return archive.until or datetime.min.replace(tzinfo=UTC)


def test_segments_follow_each_other() -> None:
    assert [wal.following(name) for name in NAMES] == [
        "0" * 23 + "1",
        "0" * 15 + "1" + "0" * 8,
        "00000001" + "00000003" + "0" * 8,
    ]


async def test_an_archive_needs_a_folder(tmp_path: Path) -> None:
    """What was received and not uploaded is to outlive the process: no folder is made up for it."""
    cluster = Cluster(Programs(None), tmp_path, 1, "nothing runs there")
    given = values(cluster, tmp_path, BACKUP_WAL_DIRECTORY="")
    async with open_vault(given) as vault:
        with pytest.raises(settings.InvalidSettings, match="BACKUP_WAL_DIRECTORY"):
            await archiving.archive(given, vault, log, asyncio.Event())
