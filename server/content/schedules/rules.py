"""When something may be due, whether a schedule still holds, and how often and how far apart it is tried."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from gazette.content.v1.schedule_pb2 import ScheduledAction
from server.content.review.rules import Judged, judge
from server.content.schedules.failures import InvalidDueTime
from server.content.taking_down import rules as taking_down
from server.content.transitions import SCHEDULE, SCHEDULE_FAILED, SCHEDULED, Verb

PUBLISH = ScheduledAction.SCHEDULED_ACTION_PUBLISH

LONGEST = timedelta(days=3653)
"""Ten years."""
LEASE = timedelta(seconds=3)
"""For how long what is due belongs to the process that took it; far more than its publication lasts, and less than the five
seconds by which a process that dies may delay it."""
LONGEST_LEASE = timedelta(minutes=1)
ATTEMPTS = 5
"""After so many that did not end it is given up: each has cost a process its life, say."""
PAUSE = timedelta(seconds=1)
"""Until what was put off is tried again, because something that it needs is away."""
FILE_PAUSE = timedelta(seconds=5)
"""The same while files of it are on their way."""
FILE_PATIENCE = timedelta(hours=1)
"""How long after it was due files are waited for. A scanner that is away so long is somebody's to look at."""


def check_due_time(due_time: datetime, now: datetime) -> None:
    """Raises InvalidDueTime."""
    if not now < due_time <= now + LONGEST:
        raise InvalidDueTime(LONGEST.days)


def schedule(document: Any) -> Judged:
    """Whether a draft can be published later."""
    return judge(document, verb=SCHEDULE)


def is_void(document: Any, schedule: Any) -> bool:
    """Whether the draft, as it is found, is another one than was to be published: it was changed, or published."""
    is_another = document.draft_state != SCHEDULED or document.revision_number != schedule.revision_number
    return bool(schedule.action == PUBLISH and is_another)


def is_settled(document: Any, schedule: Any) -> bool:
    """Whether it was found to fail since it was taken."""
    if schedule.action == PUBLISH:
        return bool(document.draft_state == SCHEDULE_FAILED)
    return document.taking_failure_reason is not None


def is_news(document: Any, schedule: Any) -> bool:
    """Whether a schedule that is void was counted on: the draft was changed, and it had not failed before."""
    is_changed: bool = document.revision_number > schedule.revision_number
    return schedule.action == PUBLISH and is_changed and schedule.failure_reason is None


def waits_for_files(schedule: Any, now: datetime) -> bool:
    """Whether files that are on their way are waited for still."""
    return bool(now < schedule.due_time + FILE_PATIENCE)


def check_public(document: Any, change: Verb, due_time: datetime) -> None:
    """Raises WrongLiveState for what cannot be taken down so, unless it is to be published before."""
    is_to_come = document.draft_state == SCHEDULED and document.schedule_due_time < due_time
    if not is_to_come:
        taking_down.step(document.live_state, change)
