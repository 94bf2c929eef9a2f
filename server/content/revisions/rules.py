"""When a draft can be given up."""

from __future__ import annotations

from gazette.content.v1.document_pb2 import DraftState
from server.content.revisions.failures import NoDraft, NothingPublic
from server.content.transitions import NOTHING, NOWHERE


def discard(live_state: int, draft_state: int) -> DraftState.ValueType:
    """What is left on the draft side. Raises NothingPublic, NoDraft."""
    if live_state == NOWHERE:
        raise NothingPublic(live_state)
    if draft_state == NOTHING:
        raise NoDraft
    return NOTHING
