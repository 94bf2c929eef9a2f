"""Decisions about sessions: which have ended, and what it means that somebody shows an old refresh token."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from server.auth.failures import SessionNotFound


class Use(Enum):
    """What it means that somebody used a refresh token which is not the newest of a living session."""

    OF_ENDED_SESSION = "ended"
    AGAIN = "again"
    """It is the one before the newest, a moment after its exchange: two tabs, or an answer that was lost."""
    FORGED = "forged"
    """It is newer than the newest: signed with our secret, but not by us."""
    STOLEN = "stolen"
    """It is older: whoever has the newest one, or who has this one, is a thief."""


def has_ended(session: Any, now: datetime) -> bool:
    """Whether the session, which is given as its row, has ended."""
    return bool(session.revoke_time) or now >= min(session.idle_expire_time, session.absolute_expire_time)


def check_goes_on(session: Any, account_id: uuid.UUID, now: datetime) -> None:
    """Raises SessionNotFound unless `session`, a row or None, is one of the account's that has not ended."""
    if session is None or session.account_id != account_id or has_ended(session, now):
        raise SessionNotFound


def use(session: Any, counter: int, now: datetime, leeway: timedelta) -> Use:
    """What this use of a refresh token means. `session` is the row, locked, or None if there is no such session."""
    if session is None or has_ended(session, now):
        return Use.OF_ENDED_SESSION
    if counter > session.counter:
        return Use.FORGED
    if leeway and counter == session.counter - 1 and now - session.rotate_time <= leeway:
        return Use.AGAIN
    return Use.STOLEN
