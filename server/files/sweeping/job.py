"""The job that sweeps once a day, whichever process comes to it, and tells Prometheus what the last sweep found."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

import structlog
from prometheus_client import Gauge

from server.background.jobs import Job
from server.files.sweeping import queries
from server.files.sweeping.sweep import Sweep
from server.stores.blobs import ObjectStorage
from server.stores.postgres import Database

log = structlog.get_logger(__name__)

SECONDS = 600.0
"""Between looks whether a sweep is due."""
EVERY, LEASE = timedelta(days=1), timedelta(minutes=10)

SUCCEEDED = Gauge(
    "gazette_file_sweep_last_success_timestamp_seconds",
    "When the storage of files was last held against the database, from its beginning to its end.",
    multiprocess_mode="mostrecent",
)
LOST = Gauge(
    "gazette_files_lost",
    "Versions of files whose bytes the last sweep did not find in the storage.",
    multiprocess_mode="mostrecent",
)
HELD_BACK = Gauge(
    "gazette_file_orphans_held_back",
    "Blobs that nothing refers to, and that the last sweep left since there are too many of them to believe it.",
    multiprocess_mode="mostrecent",
)


class TakenOver(Exception):
    """Another process is at the sweep by now."""


@dataclass(frozen=True)
class Sweeping:
    """Sweeps when it is time."""

    database: Database
    storage: ObjectStorage

    def job(self) -> Job:
        return Job("sweep of files", self.work, seconds=SECONDS)

    async def work(self) -> None:
        holder = uuid.uuid4()
        async with self.database.transaction() as connection:
            is_due = await queries.claim(connection, holder, every=EVERY, lease=LEASE)
        if is_due:
            await self.sweep(holder)
        async with self.database.read() as connection:
            last = await queries.last(connection)
        SUCCEEDED.set(last.finish_time.timestamp())
        LOST.set(last.found.get("lost", 0))
        HELD_BACK.set(last.found.get("held_back", 0))

    async def sweep(self, holder: uuid.UUID) -> None:
        async def going_on() -> None:
            async with self.database.transaction() as connection:
                if not await queries.hold_on(connection, holder, LEASE):
                    raise TakenOver

        try:
            report = await Sweep(self.database, self.storage, going_on=going_on).run()
        except TakenOver:
            log.warning("another process has taken the sweep of files over")
            return
        async with self.database.transaction() as connection:
            await queries.note(connection, report.totals())
        log.info("files swept", **report.totals())
        if report.is_held_back:
            log.error("too many blobs without a file to believe it; none was removed", count=report.held_back())
