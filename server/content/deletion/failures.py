"""Why a document cannot be deleted."""

from __future__ import annotations

from server.content.failures import live_state_name
from server.rpc.failures import FailedPrecondition


class WasPublic(FailedPrecondition):
    """What the public has seen stays, as the record does."""

    reason = "WAS_PUBLIC"

    def __init__(self, state: int) -> None:
        told = "The document was public, so it can be taken down (UnpublishDocument), but not be deleted."
        super().__init__(told, live_state=live_state_name(state))


class IsScheduled(FailedPrecondition):
    """Somebody has said when the public is to see it."""

    reason = "WRONG_STATE"
    message = "The document is scheduled to be published. Take that back first (UnscheduleDocument)."

    def __init__(self) -> None:
        super().__init__(state="SCHEDULED")
