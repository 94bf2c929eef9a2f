"""States as words: `in-review` for DRAFT_STATE_IN_REVIEW."""

from __future__ import annotations

from gazette.content.v1.document_pb2 import DraftState, LiveState

DRAFT_STATES = {
    name.removeprefix("DRAFT_STATE_").lower().replace("_", "-"): value for name, value in DraftState.items() if value
}
LIVE_STATES = {name.removeprefix("LIVE_STATE_").lower(): value for name, value in LiveState.items() if value}


def draft_state(document_state: int) -> str:
    """Empty where there is no draft."""
    return next((name for name, value in DRAFT_STATES.items() if value == document_state), "")


def live_state(document_state: int) -> str:
    """Empty where nothing is public."""
    return next((name for name, value in LIVE_STATES.items() if value == document_state), "")
