"""When a draft can be given up, or say what was said before."""

from __future__ import annotations

from server.content.revisions.failures import NoDraft, NothingPublic
from server.content.transitions import DISCARD, RESTORE_REVISION, after


def discard(live_state: int, draft_state: int) -> int:
    """What is left on the draft side. Raises NothingPublic, NoDraft."""
    if live_state not in DISCARD.live_needs:
        raise NothingPublic(live_state)
    state = after(draft_state, DISCARD)
    if state is None:
        raise NoDraft
    return state


def restore(draft_state: int) -> int:
    """Where the draft stands that says what a revision said."""
    state = after(draft_state, RESTORE_REVISION)
    assert state is not None, "it can be done from anywhere"
    return state
