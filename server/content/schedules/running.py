"""The job that does what is due.

Every process runs it, sleeps until something is due, and is woken when something was scheduled. A schedule is *taken* in a
short transaction: the attempt is counted, and for three seconds no other process is given it. Only then is it judged and done,
as PublishDocument or UnpublishDocument does it (`deeds`), on condition that the document still is what was read. So no row is
locked while something is rendered or waits for the record; a process that dies delays what it had taken by those three seconds;
and if two try the same, it is done once, since the second finds another version.

What keeps a draft from being published makes it SCHEDULE_FAILED; a page that was to be taken down tells it, too. What is only
away is waited for, and so are files that are on their way, for an hour. An attempt that ends otherwise, by its process' death
or by a defect, is followed by another, later each time, and the fifth is the last: so no document kills processes for ever.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import structlog
from prometheus_client import Counter, Gauge, Histogram

from server import audit
from server.background import tasks
from server.background.jobs import Job
from server.content.documents import planned, saving
from server.content.documents import rules as document_rules
from server.content.documents.premises import Premises
from server.content.documents.queries import DOCUMENT
from server.content.publishing.failures import FilesNotReady
from server.content.review.rules import step
from server.content.schedules import failures, mails, queries, rules
from server.content.schedules.deeds import Deeds, Replaced, Void, standing
from server.content.transitions import FAIL
from server.process.domains import Person
from server.rpc.failures import DeadlineExceeded, Failure, ResourceExhausted, Unavailable
from server.stores.parameters import named
from server.stores.postgres import Database
from server.stores.statements import Row

log = structlog.get_logger(__name__)

SECONDS = 5.0
"""Between looks, whatever is due when: should a notice have been lost, or the database's clock have been set."""
TAKEN = ("document_id", "action", "create_time", "attempts")
BUSY = (Unavailable, ResourceExhausted, DeadlineExceeded)
"""What passes by itself."""

RUNS = Counter(
    "gazette_schedule_runs_total",
    "Attempts to do what was due: done, failed, void (the draft was changed), put_off or broken_off.",
    ["outcome"],
)
ended = {outcome: RUNS.labels(outcome).inc for outcome in ("done", "failed", "void", "put_off", "broken_off")}
LATE = Histogram(
    "gazette_schedule_late_seconds",
    "By how much what was due was done later.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0),
)
WAITING = Gauge("gazette_schedules_waiting", "What is scheduled, and not yet done.", multiprocess_mode="mostrecent")
FAILED = Gauge(
    "gazette_schedules_failed",
    "Drafts that are SCHEDULE_FAILED, until somebody has dealt with them.",
    multiprocess_mode="mostrecent",
)
OVERDUE = Gauge(
    "gazette_schedules_overdue_seconds",
    "By how much what is due and not done yet is late at most.",
    multiprocess_mode="mostrecent",
)


@dataclass(frozen=True)
class Due:
    """Does what is due, one document after another."""

    database: Database
    premises: Premises
    deeds: Deeds

    def job(self) -> Job:
        async def work() -> None:
            due = await self.do_all()
            if due is not None:
                job.wake_in(due)

        job = Job("schedules", work, seconds=SECONDS, channel=planned.CHANNEL)
        return job

    async def do_all(self) -> float | None:
        """Until nothing is due. In how many seconds something is; None if nothing waits."""
        while True:
            async with self.database.direct() as connection:
                schedule = await queries.TAKING.first(connection)
            if schedule is None:
                break
            await tasks.finish(self.settle(schedule))
        async with self.database.direct() as connection:
            standing = await queries.STANDING.first(connection)
        assert standing is not None, "it counts"
        WAITING.set(standing.waiting)
        FAILED.set(standing.failed)
        OVERDUE.set(max(0.0, standing.late_seconds or 0.0))
        return None if standing.next_seconds is None else max(0.0, standing.next_seconds)

    async def settle(self, schedule: Row) -> None:
        """Does what is due, or says why not. What came of it is counted."""
        outcome, begin = "broken_off", perf_counter()
        known = {"document": str(schedule.document_id), "due_time": schedule.due_time.isoformat()}
        try:
            outcome = await self.outcome(schedule, begin)
        except BUSY as error:
            outcome = "put_off"
            log.warning("something scheduled is put off", error=type(error).__name__, **known)
            await self.put_off(schedule, rules.PAUSE)
        except FilesNotReady as error:
            outcome = "put_off"
            log.info("something scheduled waits for its files", files=error.metadata["files"], **known)
            await self.put_off(schedule, rules.FILE_PAUSE)
        except Exception:
            log.exception("something scheduled was broken off", attempts=schedule.attempts, **known)
        finally:
            if outcome:
                ended[outcome]()
        if outcome in {"done", "failed", "void"}:
            log.info("a schedule has ended", outcome=outcome, **known)

    async def outcome(self, schedule: Row, begin: float) -> str:
        """How it ended; empty if it is scheduled anew."""
        try:
            if schedule.attempts > rules.ATTEMPTS:
                raise failures.Unfinished
            time = await self.deeds.do(schedule, begin)
        except BUSY:
            raise
        except Replaced:
            return ""
        except Void:
            return await self.end(schedule)
        except Failure as failure:
            if isinstance(failure, FilesNotReady) and failure.waits and rules.waits_for_files(schedule, datetime.now(UTC)):
                raise
            return await self.fail(schedule, failure)
        LATE.observe(max(0.0, (time - schedule.due_time).total_seconds()))
        return "done"

    async def fail(self, schedule: Row, failure: Failure) -> str:
        """The draft is SCHEDULE_FAILED, and people are told, in one transaction."""

        async def attempt(anew: bool) -> str | None:
            async with self.database.direct() as connection:
                document = await DOCUMENT.first(connection, id=schedule.document_id)
                involved = await queries.INVOLVED.all(connection, id=schedule.document_id)
            current = standing(document, schedule)
            people = await self.told(current, {schedule.account_id, *(each.account_id for each in involved)}, schedule)
            is_draft = schedule.action == planned.PUBLISH
            state = step(current.draft_state, FAIL) if is_draft else current.draft_state
            row = current._replace(draft_state=state, version=current.version + 1)
            changed = {"id": row.id, "version": current.version, "draft_state": state}
            about = {"reason": failure.reason, "due_time": schedule.due_time, "account_id": schedule.account_id}
            given = {
                **named("document", changed),
                **taken(schedule),
                **saving.event("document.schedule_fail", row, **about),
                "failure_reason": failure.reason,
                "failure_message": failure.message,
            }
            async with self.database.transaction() as connection:
                # Given otherwise, SQLAlchemy takes what is called as a column for a value to be set.
                written = (await connection.execute(queries.FAILING.params(given))).one_or_none()
                if written is not None:
                    await mails.send(
                        connection, mails.FAILED, people, row, schedule.due_time, reason=failure.reason, is_draft=is_draft
                    )
            return written and "failed"

        try:
            return await self.premises.settled(attempt)
        except Replaced:
            return ""
        except Void:
            return await self.end(schedule)

    async def end(self, schedule: Row) -> str:
        """Removes a schedule that is void. Who made it is told, unless it was they who changed the draft or published it."""
        async with self.database.direct() as connection:
            document = await DOCUMENT.first(connection, id=schedule.document_id)
            author_id = await queries.AUTHOR.value(connection, id=schedule.document_id)
        if document is None:
            return "void"
        is_news = rules.is_news(document, schedule) and author_id != schedule.account_id
        people = await self.told(document, {schedule.account_id}, schedule) if is_news else {}
        about = {"revision": schedule.revision_number, "due_time": schedule.due_time, "account_id": schedule.account_id}
        async with self.database.transaction() as connection:
            removal = await connection.execute(queries.REMOVAL, taken(schedule))
            if removal.one_or_none() is None:
                return ""
            whose = document.organisation_id
            await audit.add(connection, "document.schedule_void", document.id, organisation_id=whose, **about)
            await mails.send(connection, mails.VOID, people, document, schedule.due_time)
        return "void"

    async def told(self, document: Row, account_ids: Collection[uuid.UUID], schedule: Row) -> Mapping[uuid.UUID, Person]:
        """Those of the accounts that a mail about the document may go to: who scheduled it, and who may read it now."""
        found = await self.deeds.people(account_ids)
        whose = document.organisation_id
        return {
            id: person
            for id, person in found.items()
            if id == schedule.account_id or person.caller.may(document_rules.READ, whose)
        }

    async def put_off(self, schedule: Row, pause: timedelta) -> None:
        async with self.database.direct() as connection:
            await queries.PUTTING_OFF.run(connection, **taken(schedule), pause=pause)


def taken(schedule: Row) -> dict[str, Any]:
    return named("taken", {name: getattr(schedule, name) for name in TAKEN})
