"""When no page can be looked at again."""

from __future__ import annotations

from server.rpc.failures import InvalidArgument, Violation


class InvalidReviewTime(InvalidArgument):
    """What is past cannot be waited for, and what is too far away nobody would remember."""

    reason = "INVALID_REVIEW_TIME"

    def __init__(self, days: int) -> None:
        super().__init__(Violation("review_by_time", f"is not between now and {days} days from now"))
