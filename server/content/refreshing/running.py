"""The job that renders pages again.

A publication queues what others may show of it (`queued`). Every process runs this job, which is woken when that commits: it
*takes* some of what is queued, in a short transaction, and for ten seconds no other process is given that. A target is followed
to the pages that refer to it, which are queued in turn; pages are looked at some twenty at a time, and those that say something
else are put together, in one transaction that has the record's lock for some milliseconds: so whoever publishes waits for one
such batch at most. What comes out as it was leaves no trace.

A process that dies delays what it had taken by those ten seconds. What cannot be rendered again stays as it is, is counted and
listed with its reason, and tried again every ten minutes.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field

import structlog
from prometheus_client import Counter, Gauge

from server.background import tasks
from server.background.jobs import Job
from server.content.publishing.queued import BACKLOG, CHANNEL, PAGE, TARGET
from server.content.references.finding import found
from server.content.refreshing import backlog, queries, rules
from server.content.refreshing.failures import Unfinished
from server.content.refreshing.pages import Pages
from server.rpc.failures import Failure, ResourceExhausted, Unavailable
from server.stores.postgres import Database
from server.stores.statements import Row

log = structlog.get_logger(__name__)

SECONDS = 2.0
"""Between looks, should a notice have been lost."""
HOUR = 3600.0
MEASURED = 5.0
"""Seconds between looks at how much is queued."""

REFRESHES = Counter(
    "gazette_refreshes_total",
    "Pages that were looked at since something that they show has changed: changed, same, failed, put_off or broken_off.",
    ["outcome"],
)
ended = {outcome: REFRESHES.labels(outcome).inc for outcome in ("changed", "same", "failed", "put_off", "broken_off")}
WAITING = Gauge("gazette_refreshes_waiting", "Pages that are to be looked at, and targets.", multiprocess_mode="mostrecent")
LATE = Gauge(
    "gazette_refreshes_oldest_seconds",
    "For how long what was published has waited to be shown.",
    multiprocess_mode="mostrecent",
)
FAILED = Gauge("gazette_refreshes_failed", "Pages that could not be rendered again.", multiprocess_mode="mostrecent")
UNKNOWN = Gauge(
    "gazette_references_unknown", "Documents of which it is yet to be found what they refer to.", multiprocess_mode="mostrecent"
)


@dataclass
class Refreshing:
    """Does what is queued."""

    database: Database
    pages: Pages
    measured: float = field(default=0.0)
    """When it was last looked how much is queued."""

    def jobs(self) -> tuple[Job, Job]:
        return (
            Job("refreshes", self.do_all, seconds=SECONDS, channel=CHANNEL),
            Job("references", self.find_missed, seconds=HOUR),
        )

    async def do_all(self) -> None:
        """Until nothing is due."""
        while await self.do_some():
            pass
        if time.monotonic() - self.measured > MEASURED:
            self.measured = time.monotonic()
            await self.measure()

    async def do_some(self) -> bool:
        """Takes something of the first kind of which there is some, and does it. False if there was nothing."""
        for kind, work in ((TARGET, self.expand), (PAGE, self.refresh), (BACKLOG, self.find)):
            async with self.database.direct() as connection:
                taken = await queries.TAKING[kind].all(connection)
            if taken:
                begin = time.monotonic()
                await tasks.finish(self.settled(work, taken))
                # Of each process at most half the time: readers and publishers have the other one.
                await asyncio.sleep(min(time.monotonic() - begin, rules.LONGEST_PAUSE))
                return True
        return False

    async def settled(self, work: Callable[[Sequence[Row]], Awaitable[None]], taken: Sequence[Row]) -> None:
        """Does the work. What is only away is waited for."""
        try:
            await work(taken)
        except (Unavailable, ResourceExhausted) as error:
            log.warning("refreshes are put off", error=type(error).__name__)
            await self.put_off([row.number for row in taken])
            raise Unavailable from error
        except Exception:
            for _ in taken:
                ended["broken_off"]()
            log.exception("refreshes were broken off", numbers=[row.number for row in taken])

    async def expand(self, taken: Sequence[Row]) -> None:
        """Queues the pages that show something of these targets."""
        async with self.database.direct() as connection:
            for urgency in sorted({row.urgency for row in taken}, reverse=True):
                rows = [row for row in taken if row.urgency == urgency]
                keys, numbers = [row.subject_id for row in rows], [row.number for row in rows]
                await queries.EXPANDING.run(connection, keys=keys, numbers=numbers, urgency=urgency)

    async def refresh(self, taken: Sequence[Row]) -> None:
        """Looks at pages, and puts those that say something else."""
        numbers: dict[uuid.UUID, list[int]] = defaultdict(list)
        for row in taken:
            numbers[row.subject_id].append(row.number)
        given_up = {row.subject_id for row in taken if row.attempts > rules.ATTEMPTS}
        looked = await self.pages.looked_at([id for id in numbers if id not in given_up])
        put = await self.pages.put(looked.changed, numbers) if looked.changed else []
        count("changed", len(put))
        count("same", len(looked.settled))
        if looked.settled:
            async with self.database.direct() as connection:
                await queries.SETTLED.run(connection, numbers=every(numbers, looked.settled), ids=looked.settled)
        left = [*looked.left, *(row.id for row, _ in looked.changed if row.id not in put)]
        if left:
            await self.put_off(every(numbers, left))
        for id in given_up:
            looked.failed[id] = Unfinished()
        for id, failure in looked.failed.items():
            await self.fail(id, numbers[id], failure)

    async def fail(self, id: uuid.UUID, numbers: Sequence[int], failure: Failure) -> None:
        """Says of a page why it stays as it is."""
        count("failed", 1)
        log.warning("a page could not be rendered again", document=str(id), reason=failure.reason)
        async with self.database.direct() as connection:
            *others, last = sorted(numbers)
            if others:
                await queries.SETTLED.run(connection, numbers=others, ids=[])
            await queries.FAILING.run(connection, of=last, reason=failure.reason, message=failure.message)
            await queries.SUPERSEDED.run(connection, ids=[id])

    async def put_off(self, numbers: Sequence[int]) -> None:
        count("put_off", len(numbers))
        async with self.database.direct() as connection:
            await queries.PUTTING_OFF.run(connection, numbers=[*numbers])

    async def find(self, taken: Sequence[Row]) -> None:
        """Finds what revisions of earlier releases refer to, in what their authors wrote."""
        ids, numbers = [row.subject_id for row in taken], [row.number for row in taken]
        async with self.database.direct() as connection:
            rows = await backlog.UNKNOWN.all(connection, ids=ids)
            known = [(row, found(row._asdict(), None)) for row in rows if row.reference_count is None]
            every_one = [(row, at, each) for row, named in known for at, each in enumerate(named)]
            shown = {row.id for row, named in known if row.number == row.live_revision_number and row.links}
            await backlog.STORING.run(
                connection,
                found_document_id=[row.id for row, _, _ in every_one],
                found_revision_number=[row.number for row, _, _ in every_one],
                found_number=[at for _, at, _ in every_one],
                found_field=[each.field for _, _, each in every_one],
                found_kind=[each.kind for _, _, each in every_one],
                found_target_id=[each.target_id for _, _, each in every_one],
                found_target_path=[each.target_path for _, _, each in every_one],
                counted_document_id=[row.id for row, _ in known],
                counted_number=[row.number for row, _ in known],
                counted=[len(named) for _, named in known],
                ids=[*shown],
                numbers=numbers,
            )

    async def find_missed(self) -> None:
        """Has what a process of the release before has saved lately looked at, too."""
        async with self.database.direct() as connection:
            await backlog.MISSED.run(connection)

    async def measure(self) -> None:
        async with self.database.direct() as connection:
            stands = await queries.STANDS.first(connection)
        assert stands is not None, "it counts"
        WAITING.set(stands.waiting)
        FAILED.set(stands.failed)
        UNKNOWN.set(stands.backlog)
        LATE.set(max(0.0, stands.oldest_seconds or 0.0))


def every(numbers: dict[uuid.UUID, list[int]], ids: Collection[uuid.UUID]) -> list[int]:
    return [number for id in ids for number in numbers[id]]


def count(outcome: str, times: int) -> None:
    for _ in range(times):
        ended[outcome]()
