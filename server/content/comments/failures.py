"""Why something cannot be said, or taken back, and what it is called."""

from __future__ import annotations

from server.rpc.failures import FailedPrecondition, NotFound, PermissionDenied


class CommentNotFound(NotFound):
    """The document has none of that id."""

    reason = "COMMENT_NOT_FOUND"
    message = "There is no such comment."


class RevisionNotFound(NotFound):
    """The document has none of that number."""

    reason = "REVISION_NOT_FOUND"
    message = "There is no such revision."


class NotYourComment(PermissionDenied):
    """Nobody puts words into somebody else's mouth, or takes them away."""

    reason = "NOT_YOUR_COMMENT"
    message = "Only who said it can change or delete it."


class IsAReply(FailedPrecondition):
    """A thread has one comment that begins it, and replies to that."""

    reason = "IS_A_REPLY"
    message = "It is a reply; this is of the comment that begins its thread."


class CommentDeleted(FailedPrecondition):
    """There are no words any more to be answered or changed."""

    reason = "COMMENT_DELETED"
    message = "The comment was deleted."
