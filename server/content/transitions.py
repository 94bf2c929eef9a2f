"""The states of documents, and what leads from one to another: the only place that knows it.

Each Verb says what somebody does, or what happens by itself: who may, where the draft and what the public sees must stand for
it, where they stand afterwards, and what else must hold. The rules of `review`, `schedules`, `taking_down`, `revisions`,
`deletion` and `paths` ask here, and docs/workflow.md and docs/taking-down.md show it (`tools.transitions`).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1.document_pb2 import DraftState, LiveState

NOTHING = DraftState.DRAFT_STATE_UNSPECIFIED
DRAFT = DraftState.DRAFT_STATE_DRAFT
IN_REVIEW = DraftState.DRAFT_STATE_IN_REVIEW
CHANGES_REQUESTED = DraftState.DRAFT_STATE_CHANGES_REQUESTED
APPROVED = DraftState.DRAFT_STATE_APPROVED
SCHEDULED = DraftState.DRAFT_STATE_SCHEDULED
SCHEDULE_FAILED = DraftState.DRAFT_STATE_SCHEDULE_FAILED
DRAFTS = (DRAFT, IN_REVIEW, CHANGES_REQUESTED, APPROVED, SCHEDULED, SCHEDULE_FAILED)
ANY = (NOTHING, *DRAFTS)
PUBLISHABLE = (APPROVED, SCHEDULED, SCHEDULE_FAILED)
"""Other people have read what the draft says."""
HAS_APPROVALS = (IN_REVIEW, *PUBLISHABLE)
"""Approvals that were given since the last submission hold."""

NOWHERE = LiveState.LIVE_STATE_UNSPECIFIED
PUBLISHED = LiveState.LIVE_STATE_PUBLISHED
WITHDRAWN = LiveState.LIVE_STATE_WITHDRAWN
REDIRECTED = LiveState.LIVE_STATE_REDIRECTED
GONE = LiveState.LIVE_STATE_GONE
VANISHED = LiveState.LIVE_STATE_VANISHED
SEEN = (PUBLISHED, WITHDRAWN, REDIRECTED, GONE)
TAKEN_DOWN = (WITHDRAWN, REDIRECTED, GONE, VANISHED)

WRITE = Permission.PERMISSION_DOCUMENTS_WRITE
REVIEW = Permission.PERMISSION_DOCUMENTS_REVIEW
PUBLISH = Permission.PERMISSION_DOCUMENTS_PUBLISH
FORCE = Permission.PERMISSION_DOCUMENTS_FORCE
VANISH = Permission.PERMISSION_DOCUMENTS_VANISH
DELETING = Permission.PERMISSION_DOCUMENTS_DELETE


class Approvals(NamedTuple):
    """How many a draft has, and how many its content type asks for."""

    given: int = 0
    required: int = 1

    @property
    def are_enough(self) -> bool:
        return self.given >= self.required


class When(Enum):
    """What a step asks of the draft's approvals: that which is being given counts."""

    ALWAYS = ""
    ENOUGH = "it has all approvals"
    MORE_NEEDED = "it lacks approvals"
    MORE_WERE_NEEDED = "it lacked approvals"
    NONE_NEEDED = "its content type asks for none"
    SOMEBODY = "somebody has approved it"
    NOBODY = "nobody has approved it"


HOLDS: dict[When, Callable[[Approvals], bool]] = {
    When.ALWAYS: lambda approvals: True,
    When.ENOUGH: lambda approvals: approvals.are_enough,
    When.MORE_NEEDED: lambda approvals: not approvals.are_enough,
    When.MORE_WERE_NEEDED: lambda approvals: approvals.given <= approvals.required,
    When.NONE_NEEDED: lambda approvals: not approvals.required,
    When.SOMEBODY: lambda approvals: approvals.given > 0,
    When.NOBODY: lambda approvals: not approvals.given,
}


class Step(NamedTuple):
    """Where a draft goes from where."""

    needs: tuple[DraftState.ValueType, ...]
    leads_to: DraftState.ValueType | None
    """None: it stays where it is."""
    when: When = When.ALWAYS


class Verb(NamedTuple):
    """What is done with a document."""

    name: str
    method: str
    """By which it is asked for; empty for what happens by itself."""
    permission: Permission.ValueType
    action: str
    """What the audit calls it."""
    steps: tuple[Step, ...]
    """What becomes of the draft."""
    live_needs: tuple[LiveState.ValueType, ...] = ()
    """What the public sees; empty: whatever that is."""
    live: LiveState.ValueType | None = None
    """What they see afterwards; None: as before."""
    preconditions: tuple[str, ...] = ()
    """The reasons for which it is refused, beside that of the state."""

    @property
    def needs(self) -> tuple[DraftState.ValueType, ...]:
        """Where the draft may stand for it, whatever its approvals."""
        return tuple(state for state in ANY if any(state in step.needs for step in self.steps))


KEPT = (Step(ANY, None),)
"""A draft stays as it is. So the taking down; where its caller says so, there is none afterwards."""

CREATE = Verb("create", "CreateDocument", WRITE, "document.create", (Step((NOTHING,), DRAFT),), (NOWHERE,))
SAVE = Verb("save", "UpdateDocument", WRITE, "document.update", (Step(ANY, DRAFT),), preconditions=("INVALID_DETAILS",))
SUBMIT = Verb(
    "submit",
    "SubmitDocument",
    WRITE,
    "document.submit",
    (Step((DRAFT, CHANGES_REQUESTED), IN_REVIEW),),
    preconditions=("INVALID_DETAILS",),
)
RECALL = Verb("recall", "RecallDocument", WRITE, "document.recall", (Step((IN_REVIEW,), DRAFT),))
APPROVE = Verb(
    "approve",
    "ApproveDocument",
    REVIEW,
    "document.approve",
    (
        Step((IN_REVIEW,), APPROVED, When.ENOUGH),
        Step((IN_REVIEW,), IN_REVIEW, When.MORE_NEEDED),
        Step(PUBLISHABLE, None, When.MORE_WERE_NEEDED),
    ),
    preconditions=("SELF_APPROVAL", "ALREADY_APPROVED", "BLOCKING_COMMENTS", "INVALID_DETAILS"),
)
REQUEST_CHANGES = Verb(
    "request changes", "RequestChanges", REVIEW, "document.request_changes", (Step((IN_REVIEW,), CHANGES_REQUESTED),)
)
TO_BE_PUBLISHED = (Step(HAS_APPROVALS, NOTHING, When.ENOUGH), Step((DRAFT,), NOTHING, When.NONE_NEEDED))
PUBLICATION = Verb(
    "publish",
    "PublishDocument",
    PUBLISH,
    "document.publish",
    TO_BE_PUBLISHED,
    live=PUBLISHED,
    preconditions=("BLOCKING_COMMENTS", "INVALID_DETAILS", "ATTACHMENT_NOT_FOUND", "FILES_NOT_READY", "PATH_TAKEN"),
)
FORCED_PUBLICATION = Verb(
    "publish by force",
    "PublishDocument",
    FORCE,
    "document.force_publish",
    (Step(DRAFTS, NOTHING),),
    live=PUBLISHED,
    preconditions=("INVALID_DETAILS", "ATTACHMENT_NOT_FOUND", "FILES_NOT_READY", "PATH_TAKEN"),
)
PUBLICATION_APPROVAL = Verb(
    "approve publication",
    "ApprovePublication",
    REVIEW,
    "document.approve_publication",
    KEPT,
    preconditions=("NOT_FORCED", "SELF_APPROVAL"),
)
SCHEDULE = Verb(
    "schedule",
    "ScheduleDocument",
    PUBLISH,
    "document.schedule",
    tuple(Step(step.needs, SCHEDULED, step.when) for step in TO_BE_PUBLISHED),
    preconditions=("BLOCKING_COMMENTS", "INVALID_DETAILS"),
)
UNSCHEDULE = Verb(
    "unschedule",
    "UnscheduleDocument",
    PUBLISH,
    "document.unschedule",
    (
        Step((SCHEDULED, SCHEDULE_FAILED), APPROVED, When.SOMEBODY),
        Step((SCHEDULED, SCHEDULE_FAILED), DRAFT, When.NOBODY),
    ),
)
FAIL = Verb("fail", "", PUBLISH, "document.schedule_fail", (Step((SCHEDULED,), SCHEDULE_FAILED),))
"""What was due could not be published."""

RESTORE_REVISION = Verb(
    "restore a revision",
    "RestoreRevision",
    WRITE,
    "document.restore_revision",
    (Step(ANY, DRAFT),),
    preconditions=("INVALID_DETAILS", "DOCUMENT_TOO_LARGE", "PAGE_TOO_LARGE", "TOO_COSTLY_TO_RENDER"),
)
DISCARD = Verb("discard", "DiscardDraft", WRITE, "document.discard", (Step(DRAFTS, NOTHING),), (PUBLISHED, *TAKEN_DOWN))
"""There is nothing to go back to before something was public."""
DELETE = Verb(
    "delete",
    "DeleteDocument",
    DELETING,
    "document.delete",
    (Step(tuple(state for state in DRAFTS if state != SCHEDULED), DRAFT),),
    (NOWHERE,),
)
"""Until it is brought back it is a draft that answers no other call."""
UNDELETE = Verb("undelete", "UndeleteDocument", DELETING, "document.undelete", (Step((DRAFT,), DRAFT),), (NOWHERE,))
SWAP_OF_DRAFTS = Verb(
    "swap drafts",
    "SwapPaths",
    WRITE,
    "document.swap_paths",
    (Step(DRAFTS, DRAFT),),
    (NOWHERE,),
    preconditions=("LOCALES_DIFFER",),
)
SWAP_OF_PAGES = Verb(
    "swap pages",
    "SwapPaths",
    PUBLISH,
    "document.swap_paths",
    (Step((NOTHING,), None),),
    (PUBLISHED, WITHDRAWN),
    preconditions=("LOCALES_DIFFER", "DRAFT_IN_PROGRESS"),
)

WITHDRAW = Verb("withdraw", "WithdrawDocument", PUBLISH, "document.withdraw", KEPT, SEEN, WITHDRAWN)
REMOVE = Verb("remove", "UnpublishDocument", PUBLISH, "document.remove", KEPT, SEEN, GONE)
REDIRECT = Verb("redirect", "UnpublishDocument", PUBLISH, "document.redirect", KEPT, SEEN, REDIRECTED)
VANISHING = Verb("vanish", "UnpublishDocument", VANISH, "document.vanish", KEPT, SEEN, VANISHED)
RESTORE = Verb("reinstate", "RestoreDocument", PUBLISH, "document.reinstate", KEPT, TAKEN_DOWN, PUBLISHED)
CHANGES = (WITHDRAW, REMOVE, REDIRECT, VANISHING, RESTORE)
"""Of what the public sees, beside publication."""

VERBS = (
    CREATE, SAVE, SUBMIT, RECALL, APPROVE, REQUEST_CHANGES, PUBLICATION, FORCED_PUBLICATION, PUBLICATION_APPROVAL, SCHEDULE,
    UNSCHEDULE, FAIL, RESTORE_REVISION, DISCARD, DELETE, UNDELETE, SWAP_OF_DRAFTS, SWAP_OF_PAGES, *CHANGES,
)  # fmt: skip


def after(state: int, verb: Verb, approvals: Approvals = Approvals()) -> int | None:  # noqa: B008 - it is immutable
    """Where the draft stands after it; None where it cannot be done."""
    for step in verb.steps:
        if state in step.needs and HOLDS[step.when](approvals):
            return state if step.leads_to is None else step.leads_to
    return None
