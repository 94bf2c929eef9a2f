"""Which documents can change places."""

from __future__ import annotations

from typing import Any

from server.content.paths.failures import DraftOfAPage, LocalesDiffer, NotSwappable
from server.content.publishing.pages import PAGE_STATES
from server.content.transitions import NOTHING, NOWHERE


def check_swappable(one: Any, other: Any) -> bool:
    """Whether what the public sees changes. Raises LocalesDiffer, NotSwappable, DraftOfAPage."""
    if one.locale != other.locale:
        raise LocalesDiffer(one.locale, other.locale)
    states = {one.live_state, other.live_state}
    if states == {NOWHERE}:
        return False
    if not states <= PAGE_STATES.keys():
        raise NotSwappable(one.live_state, other.live_state)
    for each in (one, other):
        if each.draft_state != NOTHING:
            raise DraftOfAPage(each.path, each.draft_state)
    return True
