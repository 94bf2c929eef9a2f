"""`gazette backup wal`: receives what PostgreSQL writes, and brings it to the vault as it comes."""

from __future__ import annotations

import asyncio
import re
from asyncio.subprocess import Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from server.recovery import contents, wal
from server.recovery.failures import RecoveryFailed
from server.recovery.programs import Programs, stopped, tail
from server.recovery.taking import database_url, note
from server.recovery.vault import Vault
from server.settings import InvalidSettings, Settings
from server.stores import backups

WHOLE = re.compile(r"[0-9A-F]{24}|[0-9A-F]{8}\.history")
BEAT = text("SELECT pg_current_xact_id(), clock_timestamp()")
"""A transaction that has an id: its commit is in the WAL with its time. So a moment can be found there when nobody writes."""
WRITTEN = text("SELECT pg_current_wal_flush_lsn()::text")
RECEIVED = text(
    "SELECT restart_lsn >= CAST(CAST(:written AS text) AS pg_lsn) FROM pg_replication_slots WHERE slot_name = :slot"
)
SYSTEM = text("SELECT system_identifier::text FROM pg_control_system()")
RECEIVE_SECONDS = 5.0
NOTE = timedelta(seconds=30)

Tell = Callable[[str], None]


@dataclass
class Archiver:
    """One run of the archiver."""

    settings: Settings
    vault: Vault
    folder: Path
    system: str
    tell: Tell
    known: set[str]
    """Whole segments that are in the vault."""
    partials: list[str] = field(default_factory=list)
    until: datetime | None = None
    """What was committed by then is in the vault."""
    noted: datetime | None = None

    async def turn(self) -> None:
        """Uploads all that has come."""
        time = await self.beat()
        while not await self.bring_all(time):
            pass
        self.until = time
        self.tidy()
        if self.noted is None or time - self.noted >= NOTE:
            await note(self.settings, backups.WAL, time)
            self.noted = time

    async def bring_all(self, time: datetime) -> bool:
        """Brings what is whole, and then what there is of the last segment: behind a gap it would be of no use. Which one is
        the last is looked up first, so that all before it are whole by then. False if it has become whole meanwhile."""
        partials = sorted(self.folder.glob("*.partial"))
        for path in sorted(path for path in self.folder.iterdir() if WHOLE.fullmatch(path.name)):
            await self.bring(path)
        return not partials or await self.bring_partial(partials[-1], time)

    async def bring(self, path: Path) -> None:
        name = path.name.lower().replace(".", "-")
        if name not in self.known:
            await wal.push(self.vault, path, f"{wal.WAL}/{self.system}/{name}")
            self.known.add(name)

    async def bring_partial(self, path: Path, time: datetime) -> bool:
        name = f"{wal.PARTIAL}/{self.system}/{path.name[:24].lower()}-{int(time.timestamp() * 1000)}"
        try:
            await wal.push(self.vault, path, name)
        except FileNotFoundError:
            return False
        for old in self.partials:
            await self.vault.delete(old)
        self.partials = [name]
        return True

    async def beat(self) -> datetime:
        """Commits something, and waits until it was received. Its time, by the database's clock."""
        async with contents.connected(database_url(self.settings)) as connection:
            _, time = (await connection.execute(BEAT)).one()
            await connection.commit()
            written = (await connection.execute(WRITTEN)).scalar_one()
            await connection.commit()
            asked = {"written": written, "slot": self.settings.backup_wal_slot}
            async with asyncio.timeout(RECEIVE_SECONDS):
                while not (await connection.execute(RECEIVED, asked)).scalar_one_or_none():
                    await connection.commit()
                    await asyncio.sleep(0.02)
        assert isinstance(time, datetime)
        return time

    def tidy(self) -> None:
        """Removes what is in the vault; the newest stays, so that pg_receivewal knows where to go on."""
        whole = sorted(path for path in self.folder.iterdir() if re.fullmatch(r"[0-9A-F]{24}", path.name))
        for path in whole[:-1]:
            if path.name.lower() in self.known:
                path.unlink()


async def archive(
    settings: Settings, vault: Vault, tell: Tell, stop: asyncio.Event, first_turn: asyncio.Event | None = None
) -> None:
    """Archives until it is told to stop. An outage of either side is said, and waited for."""
    if settings.backup_wal_directory is None:
        raise InvalidSettings("BACKUP_WAL_DIRECTORY is missing; name a folder on a volume that is kept")
    programs, url, slot = Programs.of(settings), database_url(settings), f"--slot={settings.backup_wal_slot}"
    folder = settings.backup_wal_directory
    await asyncio.to_thread(folder.mkdir, 0o700, parents=True, exist_ok=True)
    await programs.run("pg_receivewal", "--create-slot", "--if-not-exists", slot, "--no-password", url=url)
    async with contents.connected(url) as connection:
        system = (await connection.execute(SYSTEM)).scalar_one()
    known = {name.rpartition("/")[2] for name in await vault.names(f"{wal.WAL}/{system}")}
    archiver = Archiver(settings, vault, folder, system, tell, known)
    archiver.partials = await vault.names(f"{wal.PARTIAL}/{system}")
    options = (f"--directory={folder}", slot, "--synchronous", "--status-interval=1", "--no-password")
    process = await programs.start("pg_receivewal", *options, url=url)
    said = asyncio.create_task(tail(process.stderr))
    try:
        await turns(archiver, process, stop, first_turn)
        if process.returncode is None:
            with suppress(RecoveryFailed, TimeoutError):
                await archiver.turn()  # what came since the last one
        if process.returncode is not None:
            raise RecoveryFailed(f"pg_receivewal ended (exit code {process.returncode}): {await said}")
    finally:
        await stopped(process)
        await said
    tell(f"stopped; archived up to {archiver.until}")


async def turns(archiver: Archiver, process: Process, stop: asyncio.Event, first_turn: asyncio.Event | None) -> None:
    seconds = archiver.settings.backup_wal_interval.total_seconds()
    is_well = False
    while not stop.is_set() and process.returncode is None:
        try:
            await archiver.turn()
        except (RecoveryFailed, TimeoutError) as failure:
            archiver.tell(f"nothing was archived, and it is tried again: {str(failure) or 'the WAL is not received'}")
            is_well = False
        else:
            if not is_well:
                archiver.tell(f"archived up to {archiver.until}; and so every {seconds:g} s")
            is_well = True
            if first_turn is not None:
                first_turn.set()
        waiting = [asyncio.create_task(stop.wait()), asyncio.create_task(process.wait())]
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
