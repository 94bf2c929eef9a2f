"""The decisions about drafts, without a server."""

from __future__ import annotations

import uuid

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import code_pb2

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1.document_pb2 import Document, DraftState
from server.content import failures, fields
from server.content.documents import rules as document_rules
from server.content.publishing import rules as publishing_rules
from server.content.review import rules as review_rules
from server.content.transfer import rules as transfer_rules
from server.rpc.caller import Caller
from server.rpc.failures import InvalidArgument, PermissionDenied
from server.rpc.requests.masks import InvalidUpdateMask

AUTHOR, REVIEWER = uuid.uuid4(), uuid.uuid4()
STATES = DraftState.values()


@pytest.mark.parametrize(
    ("transition", "allowed"),
    [
        (
            review_rules.SUBMIT,
            {review_rules.DRAFT: review_rules.IN_REVIEW, review_rules.CHANGES_REQUESTED: review_rules.IN_REVIEW},
        ),
        (review_rules.APPROVE, {review_rules.IN_REVIEW: review_rules.APPROVED}),
        (review_rules.REQUEST_CHANGES, {review_rules.IN_REVIEW: review_rules.CHANGES_REQUESTED}),
    ],
)
def test_steps(transition: review_rules.Transition, allowed: dict[int, int]) -> None:
    """A step is allowed from exactly the states that the review foresees, and leads to exactly one."""
    for state in STATES:
        if state in allowed:
            assert review_rules.step(state, transition) == allowed[state]
        else:
            with pytest.raises(failures.WrongState) as caught:
                review_rules.step(state, transition)
            assert caught.value.metadata == {"state": failures.state_name(state)}


def test_only_approved_is_published() -> None:
    """Publication leaves nothing on the draft side, and starts from an approval alone, scheduled or not."""
    for state in review_rules.PUBLISHABLE:
        assert publishing_rules.publish(state) == review_rules.NOTHING
    for state in set(STATES) - set(review_rules.PUBLISHABLE):
        with pytest.raises(failures.NotApproved):
            publishing_rules.publish(state)


def test_nobody_approves_their_own() -> None:
    """Whoever wrote any of the revisions under review may not approve them; anybody else may."""
    assert review_rules.approve(review_rules.IN_REVIEW, REVIEWER, {AUTHOR}) == review_rules.APPROVED
    with pytest.raises(failures.SelfApproval):
        review_rules.approve(review_rules.IN_REVIEW, AUTHOR, {AUTHOR, uuid.uuid4()})


def test_wrong_state_is_told_before_self_approval() -> None:
    """An author who tries to approve a draft that is not under review learns of the state, as anybody would."""
    with pytest.raises(failures.WrongState):
        review_rules.approve(review_rules.DRAFT, AUTHOR, {AUTHOR})


def test_imports_overtake_no_draft() -> None:
    """An import may only follow what is public."""
    transfer_rules.overtake(review_rules.NOTHING)
    for state in set(STATES) - {review_rules.NOTHING}:
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
