"""The decisions about drafts, without a server."""

from __future__ import annotations

import itertools
import uuid

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import code_pb2

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1.document_pb2 import Document, DraftState, LiveState
from server import errors
from server.access import Caller
from server.content import rules
from server.masks import InvalidUpdateMask

AUTHOR, REVIEWER = uuid.uuid4(), uuid.uuid4()
STATES = DraftState.values()


@pytest.mark.parametrize(
    ("transition", "allowed"),
    [
        (rules.SUBMIT, {rules.DRAFT: rules.IN_REVIEW, rules.CHANGES_REQUESTED: rules.IN_REVIEW}),
        (rules.APPROVE, {rules.IN_REVIEW: rules.APPROVED}),
        (rules.REQUEST_CHANGES, {rules.IN_REVIEW: rules.CHANGES_REQUESTED}),
    ],
)
def test_steps(transition: rules.Transition, allowed: dict[int, int]) -> None:
    """A step is allowed from exactly the states that the review foresees, and leads to exactly one."""
    for state in STATES:
        if state in allowed:
            assert rules.step(state, transition) == allowed[state]
        else:
            with pytest.raises(rules.WrongState) as caught:
                rules.step(state, transition)
            assert caught.value.metadata == {"state": rules.state_name(state)}


def test_only_approved_is_published() -> None:
    """Publication leaves nothing on the draft side, and starts from an approval alone."""
    assert rules.publish(rules.APPROVED) == rules.NOTHING
    for state in set(STATES) - {rules.APPROVED}:
        with pytest.raises(rules.NotApproved):
            rules.publish(state)


def test_nobody_approves_their_own() -> None:
    """Whoever wrote any of the revisions under review may not approve them; anybody else may."""
    assert rules.approve(rules.IN_REVIEW, REVIEWER, {AUTHOR}) == rules.APPROVED
    with pytest.raises(rules.SelfApproval):
        rules.approve(rules.IN_REVIEW, AUTHOR, {AUTHOR, uuid.uuid4()})


def test_wrong_state_is_told_before_self_approval() -> None:
    """An author who tries to approve a draft that is not under review learns of the state, as anybody would."""
    with pytest.raises(rules.WrongState):
        rules.approve(rules.DRAFT, AUTHOR, {AUTHOR})


def test_imports_overtake_no_draft() -> None:
    """An import may only follow what is public."""
    rules.overtake(rules.NOTHING)
    for state in set(STATES) - {rules.NOTHING}:
        with pytest.raises(rules.DraftInProgress):
            rules.overtake(state)


def test_etags() -> None:
    """A mismatch is ABORTED and names both versions."""
    rules.check_etag(rules.etag(3), 3)
    with pytest.raises(rules.StaleEtag) as caught:
        rules.check_etag("2", 3)
    assert caught.value.code == code_pb2.ABORTED
    assert (caught.value.reason, caught.value.metadata) == ("STALE_ETAG", {"given": "2", "current": "3"})


@pytest.mark.parametrize(
    "paths", [[], ["*"], ["status"], ["author_id"], ["details.title"], ["title", "etag"], ["Title"], [""], ["id"], ["draft"]]
)
def test_masks_that_are_refused(paths: list[str]) -> None:
    """A mask that names anything but the document's words, or nothing, is refused (Z3)."""
    with pytest.raises(InvalidUpdateMask) as caught:
        rules.document_fields(Document(title="A", path="/a"), FieldMask(paths=paths))
    assert caught.value.code == code_pb2.INVALID_ARGUMENT


def test_masks_name_fields() -> None:
    """A mask may name any of the words, each as often as it likes."""
    mask = FieldMask(paths=["summary", *rules.DOCUMENT_WRITABLE, "summary"])
    assert rules.document_fields(Document(title="A", path="/a"), mask) == rules.DOCUMENT_WRITABLE


@pytest.mark.parametrize("field", ["title", "path"])
def test_what_may_not_become_empty(field: str) -> None:
    """Title and path are changed, never removed; a document that only leaves them out of the mask is fine."""
    with pytest.raises(errors.InvalidArgument) as caught:
        rules.document_fields(Document(), FieldMask(paths=[field]))
    assert [violation.field for violation in caught.value.violations] == [f"document.{field}"]
    assert rules.document_fields(Document(), FieldMask(paths=["summary"])) == {"summary"}


@pytest.mark.parametrize("location", ["/a", "/a/", "/a?b", "/a#c", "/before", "/before?x#y"])
def test_redirects_do_not_lead_back(location: str) -> None:
    """A redirect to its own path, or to the path that will lead to it, is refused."""
    with pytest.raises(rules.RedirectLoop):
        rules.check_redirect(LiveState.LIVE_STATE_REDIRECTED, "/a", "/before", location)


def test_redirects_lead_elsewhere() -> None:
    """A redirect anywhere else is fine, and what is gone may name its own path."""
    for location, former in itertools.product(("/b", "/a/b", "https://example.gov/a"), (None, "/before")):
        rules.check_redirect(LiveState.LIVE_STATE_REDIRECTED, "/a", former, location)
    rules.check_redirect(LiveState.LIVE_STATE_GONE, "/a", None, "/a")


def test_redirects_do_not_lead_ever_deeper() -> None:
    """What keeps the rest of the path may not lead below itself, where it would be redirected again and again."""
    redirected = LiveState.LIVE_STATE_REDIRECTED
    for path, location in (("/a", "/a/b"), ("/", "/b")):
        with pytest.raises(rules.RedirectLoop):
            rules.check_redirect(redirected, path, None, location, preserves_suffix=True)
    rules.check_redirect(redirected, "/a", None, "/ab", preserves_suffix=True)
    rules.check_redirect(redirected, "/a", None, "/a/b", preserves_suffix=False)


def test_organisations_that_may_not_be_read_are_not_there() -> None:
    """Without the right to read, an organisation answers as if it did not exist; with it, as one that is another's."""
    here, there = uuid.uuid4(), uuid.uuid4()
    write, read = Permission.PERMISSION_DOCUMENTS_WRITE, Permission.PERMISSION_DOCUMENTS_READ
    caller = Caller(AUTHOR, permissions={read: frozenset({here, there}), write: frozenset({here})})
    assert rules.organisation(caller, str(here), write) == here
    with pytest.raises(errors.PermissionDenied):
        rules.organisation(caller, str(there), write)
    with pytest.raises(rules.OrganisationNotFound):
        rules.organisation(caller, str(uuid.uuid4()), write)
