"""The steps of a draft through its review and to the public, and who may take them. `transitions` says where they lead."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from server.content.failures import NotApproved, SelfApproval, WrongState
from server.content.review.failures import AlreadyApproved, BlockingComments, NotForced
from server.content.transitions import (
    APPROVE,
    FORCED_PUBLICATION,
    PUBLICATION,
    Approvals,
    Verb,
    after,
)
from server.rpc.failures import Failure

FORCE_COLUMNS = (
    "force_account_id", "force_time", "force_reason", "force_revision_number", "force_base_number", "force_mail_time",
)  # fmt: skip
NOT_FORCED: Mapping[str, Any] = dict.fromkeys(FORCE_COLUMNS)
"""What a document's row says that has no publication which nobody has approved."""


def approvals(document: Any, *, one_more: bool = False) -> Approvals:
    """Those of a document's draft, with the one that is being given."""
    return Approvals(len(document.approvals or ()) + one_more, document.required_approvals)


def step(state: int, verb: Verb, approvals: Approvals = Approvals()) -> int:  # noqa: B008 - it is immutable
    """Where the draft stands after it. Raises WrongState."""
    state_after = after(state, verb, approvals)
    if state_after is None:
        raise WrongState(state, verb.needs)
    return state_after


def unmet_step(state: int, verb: Verb, approvals: Approvals = Approvals()) -> list[Failure]:  # noqa: B008
    """Why the draft cannot take the step from where it stands; empty if it can."""
    return [] if after(state, verb, approvals) is not None else [WrongState(state, verb.needs)]


def unmet_comments(document: Any) -> list[Failure]:
    return [BlockingComments(document.blocking_comments)] if document.blocking_comments else []


def check_reviewer(reviewer: uuid.UUID, authors: Collection[uuid.UUID], approvals: Sequence[Mapping[str, Any]]) -> None:
    """`authors` wrote the revisions since the last publication, `approvals` are those that the draft has. Raises SelfApproval,
    AlreadyApproved."""
    if reviewer in authors:
        raise SelfApproval
    if str(reviewer) in {str(each["account_id"]) for each in approvals}:
        raise AlreadyApproved


def unmet_approval(document: Any, reviewer: uuid.UUID) -> list[Failure]:
    """What keeps the reviewer from approving the draft, beside its details. Raises SelfApproval and AlreadyApproved, but of a
    draft that could not be approved by anybody it is that which is told."""
    unmet = unmet_step(document.draft_state, APPROVE, approvals(document, one_more=True))
    if not unmet:
        check_reviewer(reviewer, document.authors, document.approvals or ())
    return [*unmet, *unmet_comments(document)]


def check_publication_approval(document: Any, reviewer: uuid.UUID) -> None:
    """Raises NotForced, SelfApproval."""
    if document.force_time is None:
        raise NotForced
    if reviewer in document.authors:
        raise SelfApproval


class Judged(NamedTuple):
    """Whether a draft may be published."""

    unmet: list[Failure]
    is_forced: bool = False
    """It may not, but is to be."""


def judge(document: Any, *, force: bool = False, verb: Verb = PUBLICATION) -> Judged:
    """By its approvals and comments. What else must hold, no force replaces."""
    has = approvals(document)
    unmet: list[Failure] = []
    if after(document.draft_state, verb, has) is None:
        unmet.append(NotApproved(document.draft_state, has.given, has.required))
    unmet += unmet_comments(document)
    is_forced = bool(unmet) and force and after(document.draft_state, FORCED_PUBLICATION, has) is not None
    return Judged([], is_forced=True) if is_forced else Judged(unmet)


def forced_by(document: Any, account_id: uuid.UUID, reason: str, time: Any) -> dict[str, Any]:
    """What the document's row says once it is published by force. If it was so before, nobody has approved that yet either."""
    base = (document.live_revision_number or 0) if document.force_time is None else document.force_base_number
    return {
        **NOT_FORCED,
        "force_account_id": account_id,
        "force_time": time,
        "force_reason": reason,
        "force_revision_number": document.revision_number,
        "force_base_number": base,
    }
