"""Who may say what, and take it back."""

from __future__ import annotations

from typing import Any

from server.content.comments.failures import CommentDeleted, IsAReply, NotYourComment, RevisionNotFound
from server.content.transitions import REVIEW
from server.rpc.caller import Caller


def revision(wanted: int, newest: int) -> int:
    """The revision that a comment is about; 0 means the newest. Raises RevisionNotFound."""
    if wanted > newest:
        raise RevisionNotFound
    return wanted or newest


def is_reply(comment: Any) -> bool:
    return bool(comment.thread_id != comment.id)


def is_blocking(comment: Any) -> bool:
    """Whether the document cannot be approved while the comment stands so."""
    return bool(comment.blocks_approval) and comment.resolve_time is None and comment.delete_time is None


def check_answerable(parent: Any) -> None:
    """Raises IsAReply, CommentDeleted."""
    if is_reply(parent):
        raise IsAReply
    check_there(parent)


def check_there(comment: Any) -> None:
    """Raises CommentDeleted."""
    if comment.delete_time is not None:
        raise CommentDeleted


def check_own(comment: Any, caller: Caller) -> None:
    """Raises NotYourComment."""
    if comment.account_id != caller.known_id:
        raise NotYourComment


def check_changeable(comment: Any, caller: Caller, document: Any, *, is_to_block: bool) -> None:
    """Raises NotYourComment, CommentDeleted, IsAReply, and PermissionDenied for who is to block and may not review."""
    check_own(comment, caller)
    check_there(comment)
    if is_to_block:
        if is_reply(comment):
            raise IsAReply
        caller.require(REVIEW, document.organisation_id, document.locale)


def check_settled_by(comment: Any, caller: Caller, document: Any) -> None:
    """Whether the caller may close or open the thread. Raises IsAReply, CommentDeleted, PermissionDenied."""
    check_answerable(comment)
    if comment.blocks_approval and comment.account_id != caller.known_id:
        caller.require(REVIEW, document.organisation_id, document.locale)
