"""Which documents can change places."""

from __future__ import annotations

from typing import Any

from server.content.paths.failures import DraftOfAPage, LocalesDiffer, NotSwappable
from server.content.transitions import SWAP_OF_DRAFTS, SWAP_OF_PAGES, Verb, after


def swap(one: Any, other: Any) -> Verb:
    """Which of the two swaps it is. Raises LocalesDiffer, NotSwappable, DraftOfAPage."""
    if one.locale != other.locale:
        raise LocalesDiffer(one.locale, other.locale)
    states = {one.live_state, other.live_state}
    verb = next((each for each in (SWAP_OF_DRAFTS, SWAP_OF_PAGES) if states <= {*each.live_needs}), None)
    if verb is None:
        raise NotSwappable(one.live_state, other.live_state)
    for each in (one, other):
        if after(each.draft_state, verb) is None:
            raise DraftOfAPage(each.path, each.draft_state)
    return verb
