"""What keeps a draft from being published by itself, and what it is called."""

from __future__ import annotations

from server.rpc.failures import FailedPrecondition, Failure, InvalidArgument, PermissionDenied, Violation


class InvalidDueTime(InvalidArgument):
    """What is past cannot be waited for, and what is too far away nobody would remember."""

    reason = "INVALID_DUE_TIME"

    def __init__(self, days: int) -> None:
        super().__init__(Violation("due_time", f"is not between now and {days} days from now"))


class NoLongerPermitted(PermissionDenied):
    """Of what was scheduled: it would be done in the name of somebody who may not do it now."""

    message = "The account that scheduled it may not publish there any more, or take down what is there."


class NotScheduled(FailedPrecondition):
    """There is nothing to be taken back."""

    reason = "NOT_SCHEDULED"
    message = "The document is not scheduled to be taken down."


class Unfinished(Failure):
    """What was due was begun again and again, and never ended: by a defect, or because it ends its process."""

    message = "Attempts to publish it ended again and again without a result."
