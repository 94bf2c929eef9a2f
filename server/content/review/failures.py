"""What keeps a step of a review from being taken, and what it is called."""

from __future__ import annotations

from server.rpc.failures import FailedPrecondition, PermissionDenied


class AlreadyApproved(PermissionDenied):
    """Two approvals are those of two people."""

    reason = "ALREADY_APPROVED"
    message = "You have approved this revision; somebody else must, too."


class BlockingComments(FailedPrecondition):
    """Somebody has asked for something that is not done yet."""

    reason = "BLOCKING_COMMENTS"

    def __init__(self, count: int) -> None:
        super().__init__(f"Open comments block it: {count}. They must be resolved first.", count=str(count))


class NotForced(FailedPrecondition):
    """There is nothing to be approved afterwards."""

    reason = "NOT_FORCED"
    message = "Nothing of the document was published by force that nobody has approved yet."
