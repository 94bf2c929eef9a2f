"""Of which revisions there are previews, and for how long."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from server.content.previews.failures import InvalidExpireTime, NothingToPreview, TooManyPreviewLinks
from server.content.transitions import NOTHING
from server.delivery import site_path

USUAL, LONGEST = timedelta(days=7), timedelta(days=30)
MOST = 100
"""Open links of a document."""


def expire_time(asked: datetime | None, now: datetime) -> datetime:
    """When a link ends by itself. Raises InvalidExpireTime."""
    if asked is None:
        return now + USUAL
    if not now < asked <= now + LONGEST:
        raise InvalidExpireTime(LONGEST.days)
    return asked


def check_previewable(number: int, document: Any) -> None:
    """Raises NothingToPreview, TooManyPreviewLinks."""
    is_public = number == document.revision_number and document.draft_state == NOTHING
    if is_public or number <= (document.live_revision_number or 0):
        raise NothingToPreview
    if document.open_links >= MOST:
        raise TooManyPreviewLinks(MOST)


def is_open(link: Any, live_revision_number: int | None, now: datetime) -> bool:
    """Whether a link shows its revision: neither that nor a later one was published, and nobody has ended it."""
    return link.end_time is None and link.expire_time > now and link.revision_number > (live_revision_number or 0)


def is_there(path: str, locale: str, asked_path: str, asked_locale: str, *, any_locale: bool) -> bool:
    """Whether what is to be read at this path in this locale is what was asked for."""
    return site_path(asked_path) == path and (any_locale or asked_locale in {"", locale})
