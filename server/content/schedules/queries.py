"""SQL: scheduling a draft, taking what is due, and what became of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    TIMESTAMP,
    ColumnElement,
    Double,
    Integer,
    Interval,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from server import audit
from server.content.documents import planned
from server.content.documents.approvals import COMMENTS_ARE_UNCHANGED
from server.content.documents.writing import changed
from server.content.models import Document, Review, Revision, Schedule
from server.content.schedules import rules
from server.content.types import held as types
from server.stores.parameters import given
from server.stores.statements import Statement

SAID = (
    "action", "revision_number", "account_id", "minor", "change_note", "take_down", "override_checks", "override_reason",
    "due_time", "create_time",
)  # fmt: skip
"""What is given of a schedule."""
NOW = func.clock_timestamp()


def seconds(interval: Any) -> ColumnElement[float]:
    return cast(func.extract("epoch", interval), Double())


NOTHING = ("failure_reason", "failure_message", "fail_time")
IS_THE_SAME = and_(
    Schedule.document_id == bindparam("taken_document_id", type_=Uuid()),
    Schedule.action == bindparam("taken_action", type_=Integer()),
    Schedule.create_time == bindparam("taken_create_time", type_=TIMESTAMP(timezone=True)),
)
"""Nobody has scheduled it anew since it was taken."""
IS_TAKEN = and_(IS_THE_SAME, Schedule.attempts == bindparam("taken_attempts", type_=Integer()))
"""Nor has anybody else taken it."""


def scheduling(*conditions: ColumnElement[bool]) -> Statement:
    """Schedules what is to happen, in place of what was scheduled of the kind."""
    document = changed("draft_state", conditions=conditions)
    columns = ["document_id", *SAID, "next_attempt_time"]
    due_time = bindparam("schedule_due_time", type_=Schedule.due_time.type)
    write = upsert(Schedule).from_select(columns, select(document.c.id, *given("schedule", Schedule, SAID), due_time))
    anew = {**dict.fromkeys(NOTHING), **{name: write.excluded[name] for name in columns}, "attempts": 0}
    write = write.on_conflict_do_update(index_elements=[Schedule.document_id, Schedule.action], set_=anew)
    written = write.returning(Schedule.document_id).cte("scheduled")
    told = select(document, planned.told_of(written).label("told"))
    return Statement(told.add_cte(written, *audit.inserts(document)))


def unscheduling(action: int) -> Statement:
    document = changed("draft_state")
    return Statement(select(document).add_cte(planned.ended(document, action), *audit.inserts(document)))


def failing() -> Select[Any]:
    """Says why something could not be done, if it still is scheduled as it was when it was taken."""
    document = changed("draft_state", conditions=(exists().where(IS_THE_SAME),))
    failure = {name: bindparam(name, type_=Text()) for name in ("failure_reason", "failure_message")}
    failed = update(Schedule).where(Schedule.document_id.in_(select(document.c.id)), IS_THE_SAME)
    failed = failed.values(**failure, fail_time=NOW, next_attempt_time=None).returning(Schedule.document_id)
    return select(document).add_cte(failed.cte("schedule_failed"), *audit.inserts(document))


SCHEDULING = {planned.PUBLISH: scheduling(types.IS_UNCHANGED, COMMENTS_ARE_UNCHANGED), planned.TAKE_DOWN: scheduling()}
UNSCHEDULING = {action: unscheduling(action) for action in planned.PREFIXES}
FAILING = failing()

DUE = (
    select(Schedule.document_id, Schedule.action)
    .where(Schedule.next_attempt_time <= func.now())
    .order_by(Schedule.next_attempt_time)
    .limit(1)
    .with_for_update(skip_locked=True)
    .cte("due")
)
LEASE = func.make_interval(
    *[0] * 6, func.least(rules.LONGEST_LEASE.total_seconds(), rules.LEASE.total_seconds() * func.power(2, Schedule.attempts))
)
TAKING = Statement(
    update(Schedule)
    .where(Schedule.document_id == DUE.c.document_id, Schedule.action == DUE.c.action)
    .values(attempts=Schedule.attempts + 1, next_attempt_time=NOW + LEASE)
    .returning(*Schedule.__table__.c)
)
"""What is due first, with this attempt counted; no other process is given it for a while, longer with each attempt that did not
end."""
PUTTING_OFF = Statement(
    update(Schedule)
    .where(IS_TAKEN)
    .values(attempts=Schedule.attempts - 1, next_attempt_time=NOW + bindparam("pause", type_=Interval()))
)
"""The attempt has ended, and does not count; the next one comes after the `pause`."""
REMOVAL = delete(Schedule).where(IS_TAKEN, Schedule.next_attempt_time.is_not(None)).returning(Schedule.document_id)

AUTHOR = Statement(
    select(Revision.author_id)
    .join(Document, (Document.id == Revision.document_id) & (Document.revision_number == Revision.number))
    .where(Document.id == bindparam("id", type_=Uuid()))
)
"""Who wrote the document's newest revision."""

INVOLVED = Statement(
    select(Revision.author_id.label("account_id"))
    .join(Document, Document.id == Revision.document_id)
    .where(Document.id == bindparam("id", type_=Uuid()), Revision.number > func.coalesce(Document.live_revision_number, 0))
    .union(
        select(Review.account_id)
        .join(Document, Document.id == Review.document_id)
        .where(
            Document.id == bindparam("id", type_=Uuid()),
            Review.revision_number > func.coalesce(Document.live_revision_number, 0),
        )
    )
)
"""Who has written the document's revisions since the last publication, and who has reviewed them."""

WAITS = Schedule.next_attempt_time.is_not(None)
STANDING = Statement(
    select(
        seconds(func.min(Schedule.next_attempt_time) - NOW).label("next_seconds"),
        func.count().filter(WAITS).label("waiting"),
        func.count().filter(~WAITS).label("failed"),
        seconds(NOW - func.min(Schedule.due_time).filter(WAITS)).label("late_seconds"),
    )
)
"""In how many seconds something is due next, None if nothing is; how many wait, and how many have failed; and by how much what
is due first is late, if that is more than nothing."""
