"""A draft's way through review to the public, and every turn it may not take."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import grpc
import pytest
from sqlalchemy import select

from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_pb2 import Document, DraftState, LiveState
from server.audit.models import AuditEvent
from server.content.models import Review
from tests.content.desk import Desk
from tests.refusals import refused

DRAFT = DraftState.DRAFT_STATE_DRAFT
IN_REVIEW = DraftState.DRAFT_STATE_IN_REVIEW
CHANGES_REQUESTED = DraftState.DRAFT_STATE_CHANGES_REQUESTED
APPROVED = DraftState.DRAFT_STATE_APPROVED


async def test_from_draft_to_page(desk: Desk) -> None:
    """A draft is written, handed in, given back, mended, handed in again, approved and published, and is no draft any more."""
    document = await desk.create(f"{desk.root}/guide", body="*first*")
    states = [document.draft.state]
    for step in (desk.submit, desk.request_changes):
        document = await step(document)
        states.append(document.draft.state)
    document = await desk.update(document, body="*second*")
    states.append(document.draft.state)
    for step in (desk.submit, desk.approve):
        document = await step(document)
        states.append(document.draft.state)
    assert states == [DRAFT, IN_REVIEW, CHANGES_REQUESTED, DRAFT, IN_REVIEW, APPROVED]
    document = await desk.publish(document)
    assert (document.draft.state, document.draft.revision_number) == (0, 0)
    assert (document.live.state, document.live.revision_number, document.live.path) == (
        LiveState.LIVE_STATE_PUBLISHED,
        2,
        f"{desk.root}/guide",
    )
    assert document.live.publish_time == document.live.first_publish_time == document.live.public_update_time
    assert (await desk.page(f"{desk.root}/guide")).page.html == "<p><em>second</em></p>\n"
    assert await desk.get(document) == document


async def test_who_did_what_is_kept(desk: Desk) -> None:
    """Each step is audited with its actor and revision, and each review keeps its comment."""
    document = await desk.request_changes(await desk.submit(await desk.create()))
    document = await desk.through_review(await desk.update(document, title="B"))
    async with desk.service.database.read() as connection:
        events = (
            await connection.execute(
                select(AuditEvent.__table__).where(AuditEvent.target == document.id).order_by(AuditEvent.id)
            )
        ).all()
        own = select(Review.__table__).where(Review.document_id == uuid.UUID(document.id))
        reviews = (await connection.execute(own.order_by(Review.id))).all()
    told = [(each.action, str(each.actor_id), each.details["revision"]) for each in events]
    author, editor, publisher = desk.author.id, desk.editor.id, desk.publisher.id
    assert told == [
        ("document.create", author, 1),
        ("document.submit", author, 1),
        ("document.request_changes", editor, 1),
        ("document.update", author, 2),
        ("document.submit", author, 2),
        ("document.approve", editor, 2),
        ("document.publish", publisher, 2),
    ]
    assert [(each.revision_number, each.draft_state, each.comment) for each in reviews] == [
        (1, IN_REVIEW, "please"),
        (1, CHANGES_REQUESTED, "shorter"),
        (2, IN_REVIEW, "please"),
        (2, APPROVED, ""),
    ]


async def test_steps_out_of_turn(desk: Desk) -> None:
    """From each state, the steps that do not belong there are refused and change nothing."""
    draft = await desk.create()
    in_review = await desk.submit(await desk.create())
    given_back = await desk.request_changes(await desk.submit(await desk.create()))
    approved = await desk.approve(await desk.submit(await desk.create()))
    live = await desk.published()
    turns: list[tuple[Document, list[Any]]] = [
        (draft, [desk.approve, desk.request_changes]),
        (in_review, [desk.submit]),
        (given_back, [desk.approve, desk.request_changes]),
        (approved, [desk.submit, desk.approve, desk.request_changes]),
        (live, [desk.submit, desk.approve, desk.request_changes]),
    ]
    for document, steps in turns:
        for step in steps:
            refusal = await refused(step(document))
            assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "WRONG_STATE")
        assert await desk.get(document) == document
    for document in (draft, in_review, given_back, live):
        refusal = await refused(desk.publish(document))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NOT_APPROVED")


async def test_permissions(desk: Desk) -> None:
    """An author neither approves nor publishes, an editor does not publish."""
    document = await desk.submit(await desk.create())
    assert (await refused(desk.approve(document, by=desk.author))).code == grpc.StatusCode.PERMISSION_DENIED
    document = await desk.approve(document)
    assert (await refused(desk.publish(document, by=desk.editor))).code == grpc.StatusCode.PERMISSION_DENIED


async def test_nobody_approves_their_own(desk: Desk) -> None:
    """Whoever wrote any revision since the last publication may not approve (Z5); who wrote before it may."""
    document = await desk.create()
    document = await desk.update(document, by=desk.publisher, title="Also mine")
    document = await desk.update(document, by=desk.author, title="Mine again")
    document = await desk.submit(document)
    refusal = await refused(desk.approve(document, by=desk.publisher))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "SELF_APPROVAL")
    document = await desk.publish(await desk.approve(document, by=desk.editor))
    document = await desk.submit(await desk.update(document, title="Next"))
    document = await desk.approve(document, by=desk.publisher)
    assert document.draft.state == APPROVED


async def test_an_approval_binds_one_revision(desk: Desk) -> None:
    """A save after the approval voids it: what was approved is not what would be published (Z5)."""
    approved = await desk.approve(await desk.submit(await desk.create()))
    changed = await desk.update(approved, title="Slipped in")
    assert changed.draft.state == DRAFT
    assert (await refused(desk.publish(changed))).reason == "NOT_APPROVED"
    assert (await refused(desk.publish(approved))).reason == "STALE_ETAG"


async def test_two_reviewers_race(desk: Desk) -> None:
    """Of two reviewers who decide at once one is heard, the other is told that things have changed (Z5)."""
    document = await desk.submit(await desk.create())
    outcomes = await asyncio.gather(
        desk.approve(document, by=desk.editor), desk.request_changes(document, by=desk.publisher), return_exceptions=True
    )
    heard = [each for each in outcomes if isinstance(each, Document)]
    told = [each for each in outcomes if isinstance(each, grpc.aio.AioRpcError)]
    assert (len(heard), [each.code() for each in told]) == (1, [grpc.StatusCode.ABORTED])
    assert await desk.get(document) == heard[0]


async def test_every_step_needs_the_newest_etag(desk: Desk) -> None:
    """Each step with an old etag is ABORTED with both versions, and a repeated step so too."""
    old = await desk.create()
    document = await desk.submit(old)
    for step in (desk.submit, desk.approve, desk.request_changes, desk.publish):
        refusal = await refused(step(old))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "STALE_ETAG")
        told = dict(refusal.info.metadata)
        assert (told["given"], told["current"]) == (old.etag, document.etag)
    assert (
        await refused(desk.documents.SubmitDocument(rpc.SubmitDocumentRequest(id=old.id), metadata=desk.author.metadata))
    ).code == (grpc.StatusCode.INVALID_ARGUMENT)


SCHEMA = {
    "type": "object",
    "required": ["phone", "text"],
    "properties": {"phone": {"type": "string"}, "opens": {"type": "integer"}, "text": {"type": "string", "maxLength": 9}},
}


async def test_unfinished_work_can_be_saved_and_not_handed_in(desk: Desk) -> None:
    """A draft without what its content type requires is saved, and refused at submission until it is whole."""
    contact = desk.kind("contact")
    await desk.content_type(contact, SCHEMA, body_member="text")
    document = await desk.create(content_type=contact)
    refusal = await refused(desk.submit(document))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "INVALID_DETAILS")
    assert [*refusal.fields] == ["document.details"]
    document = await desk.update(document, details={"phone": "1"}, body="text")
    assert (await desk.submit(document)).draft.state == IN_REVIEW


@pytest.mark.parametrize(
    ("said", "field"),
    [({"details": {"opens": "at nine"}}, "document.details.opens"), ({"body": "much too long"}, "document.body")],
)
async def test_wrong_work_is_not_saved(desk: Desk, said: dict[str, Any], field: str) -> None:
    """What no addition could mend is refused when it is saved, at its place, and the document stays as it is."""
    contact = desk.kind("contact")
    await desk.content_type(contact, SCHEMA, body_member="text")
    refusal = await refused(desk.create(content_type=contact, **said))
    assert (refusal.code, refusal.reason, [*refusal.fields]) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_DETAILS", [field])
    document = await desk.create(content_type=contact)
    assert (await refused(desk.update(document, **said))).reason == "INVALID_DETAILS"
    assert await desk.get(document) == document
