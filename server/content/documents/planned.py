"""SQL: what is scheduled of a document, as it is read with it, and what a change of the document makes of it.

A publication that is scheduled holds while the draft stands as it was scheduled. Whoever changes the draft need do no more than
that: the job that does what is due looks at the draft first (`schedules`).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import CTE, ScalarSelect, Select, and_, delete, func, select, update
from sqlalchemy.orm import aliased

from gazette.content.v1.schedule_pb2 import ScheduledAction
from server.content.models import Schedule

CHANNEL = "gazette_schedules"
"""Where PostgreSQL tells that something was scheduled, for another time say, or that a schedule may be void."""
PUBLISH = ScheduledAction.SCHEDULED_ACTION_PUBLISH
TAKE_DOWN = ScheduledAction.SCHEDULED_ACTION_TAKE_DOWN

PREFIXES: dict[int, str] = {PUBLISH: "schedule", TAKE_DOWN: "taking"}
"""What the columns of a document's row begin with that tell what is scheduled of it."""
SAID = (
    "action", "revision_number", "account_id", "minor", "change_note", "take_down", "due_time", "create_time", "failure_reason",
    "failure_message", "fail_time",
)  # fmt: skip
TABLES: dict[int, Any] = {action: aliased(Schedule, name=f"{prefix}_of_it") for action, prefix in PREFIXES.items()}
COLUMNS = tuple(getattr(TABLES[action], name).label(f"{prefix}_{name}") for action, prefix in PREFIXES.items() for name in SAID)
"""What an answer tells of it; all NULL where nothing is scheduled."""
NO_TAKING_DOWN = dict.fromkeys(f"{PREFIXES[TAKE_DOWN]}_{name}" for name in SAID)
"""Those columns, once nothing is to be taken down."""


def joined(statement: Select[Any], document_id: Any) -> Select[Any]:
    """The statement, with what COLUMNS are of: at most one row of each for each document."""
    for action, table in TABLES.items():
        statement = statement.outerjoin(table, and_(table.document_id == document_id, table.action == action))
    return statement


def ended(document: CTE, action: int = PUBLISH) -> CTE:
    """Removes what is scheduled of the document that was changed."""
    of_it = Schedule.document_id.in_(select(document.c.id))
    return delete(Schedule).where(of_it, Schedule.action == action).cte(f"{PREFIXES[action]}_ended")


def voided(document: CTE) -> CTE:
    """Has the job look at once at the publication that is scheduled of the document that was changed, if one is: with
    `told_of`."""
    of_it = Schedule.document_id.in_(select(document.c.id))
    looked_at = update(Schedule).where(of_it, Schedule.action == PUBLISH).values(next_attempt_time=func.now())
    return looked_at.returning(Schedule.document_id).cte("schedule_voided")


def told_of(changed: CTE) -> ScalarSelect[Any]:
    """A column of a statement, for what it does: tells the jobs that this changed a schedule, if it did."""
    return select(func.pg_notify(CHANNEL, "")).select_from(changed).scalar_subquery()
