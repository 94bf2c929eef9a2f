"""`gazette backup wal`: receives what PostgreSQL writes, and brings it to the vault as it comes."""

from __future__ import annotations

import asyncio
import re
import shutil
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
AGAIN_SECONDS = 5.0
"""Between the end of pg_receivewal and its next beginning: as long as it waits itself."""
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
        """Uploads all that has come. What is whole first: a folder without room receives nothing before it is tidied."""
        await self.bring_whole()
        time = await self.beat()
        while not await self.bring_all(time):
            pass
        self.until = time
        if self.noted is None or time - self.noted >= NOTE:
            await note(self.settings, backups.WAL, time)
            self.noted = time

    async def bring_all(self, time: datetime) -> bool:
        """Brings what is whole, and then what there is of the last segment: behind a gap it would be of no use. Which one is
        the last is looked up first, so that all before it are whole by then. False if it has become whole meanwhile."""
        partials = sorted(self.folder.glob("*.partial"))
        await self.bring_whole()
        return not partials or await self.bring_partial(partials[-1], time)

    async def bring_whole(self) -> None:
        for path in sorted(path for path in self.folder.iterdir() if WHOLE.fullmatch(path.name)):
            await self.bring(path)
            self.tidy()

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
            deadline = asyncio.get_running_loop().time() + RECEIVE_SECONDS
            while not (await connection.execute(RECEIVED, asked)).scalar_one_or_none():
                await connection.commit()
                if asyncio.get_running_loop().time() > deadline:
                    room = (await asyncio.to_thread(shutil.disk_usage, self.folder)).free // 1_000_000
                    raise RecoveryFailed(f"the WAL is not received; BACKUP_WAL_DIRECTORY has room for {room} MB")
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
    receiving = asyncio.create_task(receive(programs, folder, slot, url, tell))
    receiving.add_done_callback(lambda _: stop.set())
    try:
        await turns(archiver, stop, first_turn)
        if receiving.done():
            await receiving  # raises what it ended of: nothing would be received any more
        with suppress(RecoveryFailed, TimeoutError):
            await archiver.turn()  # what came since the last one
    finally:
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)
    tell(f"stopped; archived up to {archiver.until}")


async def receive(programs: Programs, folder: Path, slot: str, url: str, tell: Tell) -> None:
    """Runs `pg_receivewal` until it is cancelled: whenever it ends, for want of room or of a database, it begins again."""
    options = (f"--directory={folder}", slot, "--synchronous", "--status-interval=1", "--no-loop", "--no-password")
    while True:
        await asyncio.to_thread(discard_unmade, folder)
        process = await programs.start("pg_receivewal", *options, url=url)
        said = asyncio.create_task(tail(process.stderr))
        try:
            await process.wait()
        finally:
            await stopped(process)
            why = await said
        tell(f"pg_receivewal ended (exit code {process.returncode}), and is started again: {why}")
        await asyncio.sleep(AGAIN_SECONDS)


def discard_unmade(folder: Path) -> None:
    """Removes a segment that did not get its full length, which comes first: it holds nothing, and pg_receivewal would not go
    on from it. For when that does not run."""
    for path in folder.glob("*.partial"):
        if path.stat().st_size not in (0, wal.SEGMENT_BYTES):
            path.unlink()


async def turns(archiver: Archiver, stop: asyncio.Event, first_turn: asyncio.Event | None) -> None:
    seconds = archiver.settings.backup_wal_interval.total_seconds()
    is_well = False
    while not stop.is_set():
        try:
            await archiver.turn()
        except (RecoveryFailed, TimeoutError) as failure:
            archiver.tell(f"nothing was archived, and it is tried again: {str(failure) or 'it took too long'}")
            is_well = False
        else:
            if not is_well:
                archiver.tell(f"archived up to {archiver.until}; and so every {seconds:g} s")
            is_well = True
            if first_turn is not None:
                first_turn.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)
