"""By when a page may have to be looked at again, and when its people are told that it is due. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import TypeVar
from uuid import UUID

from gazette.content.v1.document_pb2 import LiveState
from server.content.review_dates.failures import InvalidReviewTime
from server.content.taking_down.failures import WrongLiveState

LONGEST = timedelta(days=3653)
"""Ten years."""
MAIL_TIME = time(6)
"""When people are told of what has become due since the day before, by UTC: once a day, however much it is."""
PUBLISHED = LiveState.LIVE_STATE_PUBLISHED

Item = TypeVar("Item")


def check_time(review_by_time: datetime, now: datetime) -> None:
    """Raises InvalidReviewTime."""
    if not now < review_by_time <= now + LONGEST:
        raise InvalidReviewTime(LONGEST.days)


def check_page(live_state: int) -> None:
    """Raises WrongLiveState for what is no page that holds."""
    if live_state != PUBLISHED:
        raise WrongLiveState(live_state, {PUBLISHED})


def next_time(now: datetime, interval: timedelta | None) -> datetime | None:
    """By when a page that was confirmed now must be looked at again."""
    return now + interval if interval is not None else None


def due_until(now: datetime) -> datetime:
    """Up to when a page must have become due for its people to be told of it by now."""
    today = datetime.combine(now.date(), MAIL_TIME, now.tzinfo)
    return today if today <= now else today - timedelta(days=1)


def by_person(items: Mapping[UUID, Item], involved: Iterable[tuple[UUID, UUID]]) -> dict[UUID, list[Item]]:
    """What each account has to do with, given pairs of an item's id and an account's."""
    found: dict[UUID, dict[UUID, Item]] = {}
    for item_id, account_id in involved:
        if item_id in items:
            found.setdefault(account_id, {})[item_id] = items[item_id]
    return {account_id: [*of_it.values()] for account_id, of_it in found.items()}
