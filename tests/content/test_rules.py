"""The decisions about drafts, without a server."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import code_pb2

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1.document_pb2 import Document, DraftState
from server.content import failures, fields
from server.content.documents import rules as document_rules
from server.content.review import rules as review_rules
from server.content.review.failures import AlreadyApproved
from server.content.transfer import rules as transfer_rules
from server.content.transitions import (
    APPROVE,
    APPROVED,
    CHANGES_REQUESTED,
    DRAFT,
    HAS_APPROVALS,
    IN_REVIEW,
    NOTHING,
    PUBLISHABLE,
    RECALL,
    REQUEST_CHANGES,
    SUBMIT,
    Approvals,
    Verb,
    after,
)
from server.rpc.caller import Caller
from server.rpc.failures import Failure, InvalidArgument, PermissionDenied
from server.rpc.requests.masks import InvalidUpdateMask

AUTHOR, REVIEWER = uuid.uuid4(), uuid.uuid4()
STATES = DraftState.values()


@pytest.mark.parametrize(
    ("verb", "allowed"),
    [
        (SUBMIT, {DRAFT: IN_REVIEW, CHANGES_REQUESTED: IN_REVIEW}),
        (RECALL, {IN_REVIEW: DRAFT}),
        (REQUEST_CHANGES, {IN_REVIEW: CHANGES_REQUESTED}),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_steps(verb: Verb, allowed: dict[int, int]) -> None:
    """A step is allowed from exactly the states that the review foresees, and leads to exactly one."""
    for state in STATES:
        if state in allowed:
            assert review_rules.step(state, verb) == allowed[state]
        else:
            with pytest.raises(failures.WrongState) as caught:
                review_rules.step(state, verb)
            assert caught.value.metadata == {"state": failures.state_name(state)}


def draft(state: int, *approvers: uuid.UUID, required: int = 1, blocking: int = 0, **said: Any) -> SimpleNamespace:
    """What the decisions read of a document."""
    approvals = [{"account_id": str(each)} for each in approvers]
    told = {"draft_state": state, "approvals": approvals, "required_approvals": required, "blocking_comments": blocking}
    return SimpleNamespace(**{**told, "authors": {AUTHOR}, "live_revision_number": 3, "force_time": None, **said})


def reasons(unmet: Sequence[Failure]) -> list[str]:
    return [each.reason for each in unmet]


@pytest.mark.parametrize(("required", "given"), [(required, given) for required in range(3) for given in range(3)])
def test_only_approved_is_published(required: int, given: int) -> None:
    """Publication starts from as many approvals as are asked for now, scheduled or not; where none are, from a draft too; and
    from nothing that a reviewer has given back."""
    for state in STATES:
        found = draft(state, *(uuid.uuid4() for _ in range(given if state in HAS_APPROVALS else 0)), required=required)
        is_ready = (state in HAS_APPROVALS and given >= required) or (state == DRAFT and required == 0)
        assert reasons(review_rules.judge(found).unmet) == ([] if is_ready else ["NOT_APPROVED"])


def test_too_few_approvals_are_told_by_their_number() -> None:
    """The refusal says how many there are, and how many there must be; and a comment that blocks is told with it."""
    (first, second) = review_rules.judge(draft(APPROVED, REVIEWER, required=2, blocking=3)).unmet
    assert (first.reason, first.metadata) == ("NOT_APPROVED", {"state": "APPROVED", "required": "2", "given": "1"})
    assert (second.reason, second.metadata) == ("BLOCKING_COMMENTS", {"count": "3"})


def test_force_replaces_approvals() -> None:
    """What lacks approvals, or is blocked, is published by force from each state of a draft; nothing else is forced."""
    for state in STATES:
        assert review_rules.judge(draft(state), force=True).is_forced == (state != NOTHING)
    assert review_rules.judge(draft(APPROVED, REVIEWER, blocking=1), force=True).is_forced
    assert not review_rules.judge(draft(APPROVED, REVIEWER), force=True).is_forced
    assert reasons(review_rules.judge(draft(NOTHING), force=True).unmet) == ["NOT_APPROVED"]


def test_what_is_forced_twice() -> None:
    """A second publication by force leaves the last one that was approved as what authors are counted from."""
    now = datetime.now(UTC)
    found = draft(DRAFT, revision_number=5)
    once = review_rules.forced_by(found, REVIEWER, "why", now)
    assert (once["force_revision_number"], once["force_base_number"]) == (5, 3)
    twice = draft(DRAFT, **{**once, "revision_number": 6, "live_revision_number": 5})
    assert review_rules.forced_by(twice, REVIEWER, "again", now)["force_base_number"] == 3


def test_nobody_approves_their_own() -> None:
    """Whoever wrote any of the revisions under review may not approve them; anybody else may, but once."""
    assert review_rules.unmet_approval(draft(IN_REVIEW), REVIEWER) == []
    with pytest.raises(failures.SelfApproval):
        review_rules.unmet_approval(draft(IN_REVIEW), AUTHOR)
    with pytest.raises(AlreadyApproved):
        review_rules.unmet_approval(draft(IN_REVIEW, REVIEWER, required=2), REVIEWER)


def test_where_an_approval_leads() -> None:
    """The draft is approved with as many approvals as are asked for, and under review until then; one that was approved, and
    lacks them by now, can be approved further."""
    one, two = Approvals(1, 2), Approvals(2, 2)
    assert (after(IN_REVIEW, APPROVE, one), after(IN_REVIEW, APPROVE, two)) == (IN_REVIEW, APPROVED)
    for state in PUBLISHABLE:
        assert (after(state, APPROVE, two), after(state, APPROVE, Approvals(2, 1))) == (state, None)


def test_wrong_state_is_told_before_self_approval() -> None:
    """An author who tries to approve a draft that is not under review learns of the state, as anybody would."""
    assert reasons(review_rules.unmet_approval(draft(DRAFT), AUTHOR)) == ["WRONG_STATE"]


def test_imports_overtake_no_draft() -> None:
    """An import may only follow what is public."""
    transfer_rules.overtake(NOTHING)
    for state in set(STATES) - {NOTHING}:
        with pytest.raises(failures.DraftInProgress):
            transfer_rules.overtake(state)


def test_etags() -> None:
    """A mismatch is ABORTED and names both versions."""
    fields.check_etag(fields.etag(3), 3)
    with pytest.raises(failures.StaleEtag) as caught:
        fields.check_etag("2", 3)
    assert caught.value.code == code_pb2.ABORTED
    assert (caught.value.reason, caught.value.metadata) == ("STALE_ETAG", {"given": "2", "current": "3"})


@pytest.mark.parametrize(
    "paths", [[], ["*"], ["status"], ["author_id"], ["details.title"], ["title", "etag"], ["Title"], [""], ["id"], ["draft"]]
)
def test_masks_that_are_refused(paths: list[str]) -> None:
    """A mask that names anything but the document's words, or nothing, is refused (Z3)."""
    with pytest.raises(InvalidUpdateMask) as caught:
        fields.document_fields(Document(title="A", path="/a"), FieldMask(paths=paths))
    assert caught.value.code == code_pb2.INVALID_ARGUMENT


def test_masks_name_fields() -> None:
    """A mask may name any of the words, each as often as it likes."""
    mask = FieldMask(paths=["summary", *fields.DOCUMENT_WRITABLE, "summary"])
    assert fields.document_fields(Document(title="A", path="/a"), mask) == fields.DOCUMENT_WRITABLE


@pytest.mark.parametrize("field", ["title", "path"])
def test_what_may_not_become_empty(field: str) -> None:
    """Title and path are changed, never removed; a document that only leaves them out of the mask is fine."""
    with pytest.raises(InvalidArgument) as caught:
        fields.document_fields(Document(), FieldMask(paths=[field]))
    assert [violation.field for violation in caught.value.violations] == [f"document.{field}"]
    assert fields.document_fields(Document(), FieldMask(paths=["summary"])) == {"summary"}


def test_organisations_that_may_not_be_read_are_not_there() -> None:
    """Without the right to read, an organisation answers as if it did not exist; with it, as one that is another's."""
    here, there = uuid.uuid4(), uuid.uuid4()
    write, read = Permission.PERMISSION_DOCUMENTS_WRITE, Permission.PERMISSION_DOCUMENTS_READ
    caller = Caller(AUTHOR, permissions={read: frozenset({here, there}), write: frozenset({here})})
    assert document_rules.organisation(caller, str(here), write) == here
    with pytest.raises(PermissionDenied):
        document_rules.organisation(caller, str(there), write)
    with pytest.raises(failures.OrganisationNotFound):
        document_rules.organisation(caller, str(uuid.uuid4()), write)
