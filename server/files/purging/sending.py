"""The job that tells caches what to forget.

What is due is *taken* in a short transaction, as mails are (`server/mail/sending.py`): so no connection waits for a CDN, and a
process that dies in between delays it by a minute. It is told at least once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import func

from server.background import tasks
from server.background.jobs import Job
from server.files.models import CachePurge
from server.files.purging import queries, rules
from server.files.purging.caches import Cache, NotPurged
from server.settings import Settings
from server.stores.postgres import Database
from server.stores.retention import Expired

log = structlog.get_logger(__name__)

UNTOLD = Expired(CachePurge, CachePurge.create_time < func.now() - timedelta(hours=1))
"""What goes where there is no CDN."""
SECONDS = 10.0
"""Between looks for what is due again; what is new is told of."""

PURGES = Counter(
    "gazette_cache_purges_total", "Files that a CDN was told to forget, or was not, by outcome: sent or failed.", ["outcome"]
)
WAITING = Gauge(
    "gazette_cache_purges_waiting", "Files that a CDN is still to be told to forget.", multiprocess_mode="mostrecent"
)
OVERDUE = Gauge(
    "gazette_cache_purges_overdue_seconds",
    "How long a CDN has not been told to forget what it should.",
    multiprocess_mode="mostrecent",
)


@dataclass(frozen=True)
class Purging:
    """Tells what is due, some names at a time."""

    database: Database
    cache: Cache

    @classmethod
    def of(cls, settings: Settings, database: Database) -> Sequence[Purging]:
        """One, or none where there is no CDN to be told."""
        return (cls(database, Cache(settings.cdn_purge_url)),) if settings.cdn_purge_url else ()

    def job(self) -> Job:
        return Job("cache purges", self.send_all, seconds=SECONDS, channel=queries.CHANNEL)

    async def send_all(self) -> None:
        """Until none is due, or the CDN does not take one: it would not take the others either."""
        while await tasks.finish(self.send()):
            pass
        async with self.database.read() as connection:
            count, lateness = await queries.waiting(connection)
        WAITING.set(count)
        OVERDUE.set(lateness)

    async def send(self) -> bool:
        """Whether there may be more to tell."""
        async with self.database.transaction() as connection:
            taken = await queries.take(connection)
        if not taken:
            return False
        names = sorted({each.name for each in taken})
        try:
            await self.cache.purge(names)
        except NotPurged as error:
            attempts = min(each.attempts for each in taken)
            async with self.database.transaction() as connection:
                await queries.mark_failed(connection, taken, rules.pause(attempts))
            PURGES.labels("failed").inc(len(names))
            log.warning("a CDN was not told to forget files", names=len(names), attempts=attempts, failure=str(error))
            return False
        async with self.database.transaction() as connection:
            await queries.mark_sent(connection, taken)
        PURGES.labels("sent").inc(len(names))
        log.info("caches told to forget files", names=names)
        return True
