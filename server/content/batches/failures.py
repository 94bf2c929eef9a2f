"""What becomes of a part of a batch that was not looked at."""

from __future__ import annotations

from server.rpc.failures import DeadlineExceeded, ResourceExhausted


class AnswerFull(ResourceExhausted):
    """The answer has no room for one more document."""

    reason = "ANSWER_FULL"
    message = "The answer had no room for this document any more. Ask for it again."


class NotBegun(DeadlineExceeded):
    """What came before it has taken all the time that there was."""

    reason = "NOT_BEGUN"
    message = "There was no time left for this one: nothing was done. Ask for it again."
