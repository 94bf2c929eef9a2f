"""In an emergency a draft becomes public without approvals: flagged, told to others, approved afterwards by somebody."""

from __future__ import annotations

import uuid

import grpc
import pytest
from sqlalchemy import text

from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_pb2 import LiveState
from gazette.content.v1.review_pb2 import ReviewVerdict
from server.content.review.forced import OLDEST, UNAPPROVED, Forced
from tests.auth.mailbox import arrived, mails, part, settled
from tests.content.desk import Desk, imported
from tests.content.reviewing import approve_publication, comment, force, reviews, second_editor, unmet
from tests.content.taking import withdraw
from tests.content.test_due import events
from tests.refusals import refused


async def test_an_emergency(desk: Desk) -> None:
    """A draft that nobody has approved becomes public at once, and its page is flagged with who did it, when and why (Z8)."""
    draft = await desk.create(f"{desk.root}/flood", body="*Leave now*")
    document = await force(desk, draft)
    assert (document.live.state, document.draft.state) == (LiveState.LIVE_STATE_PUBLISHED, 0)
    forced = document.live.forced
    assert (forced.account_id, forced.reason, forced.revision_number) == (desk.publisher.id, "The dam has broken.", 1)
    assert forced.force_time.seconds
    assert (await desk.page(f"{desk.root}/flood")).page.html == "<p><em>Leave now</em></p>\n"
    assert await desk.get(document) == document
    (event,) = await events(desk, document, "document.force_publish")
    assert (str(event.actor_id), event.details["reason"]) == (desk.publisher.id, "The dam has broken.")
    assert (event.details["approvals"], event.details["required_approvals"]) == (0, 1)
    assert event.details["record_number"] == document.live.record_number


@pytest.mark.parametrize("state", ["draft", "in review", "given back", "blocked"])
async def test_from_wherever_a_draft_stands(desk: Desk, state: str) -> None:
    """Force replaces whatever approvals are missing, and comments that block; without it each of these is refused
    (Z8)."""
    document = await desk.create()
    if state != "draft":
        document = await desk.submit(document)
    if state == "given back":
        document = await desk.request_changes(document)
    if state == "blocked":
        document = await desk.approve(document)
        await comment(desk, document, blocks_approval=True)
    assert (await refused(desk.publish(document))).code == grpc.StatusCode.FAILED_PRECONDITION
    assert (await force(desk, document)).live.forced.account_id == desk.publisher.id


async def test_what_needs_no_force(desk: Desk) -> None:
    """A draft that was approved is published as ever, and not flagged (Z8)."""
    document = await force(desk, await desk.approved())
    assert not document.live.HasField("forced")
    assert len(await events(desk, document, "document.publish")) == 1


async def test_what_no_force_replaces(desk: Desk) -> None:
    """Details that are wrong stay wrong, an old etag old, and what has no draft has nothing to be published
    (Z8)."""
    kind = desk.kind("strict")
    await desk.content_type(kind, {"required": ["phone"]})
    refusal = await refused(force(desk, await desk.create(content_type=kind)))
    assert (refusal.reason, unmet(refusal)) == ("INVALID_DETAILS", [("INVALID_DETAILS", "document.details")])
    document = await desk.create()
    await desk.update(document, title="New")
    assert (await refused(force(desk, document))).reason == "STALE_ETAG"
    assert (await refused(force(desk, await desk.published()))).reason == "NOT_APPROVED"


async def test_who_may_force_it(desk: Desk) -> None:
    """Publishers may; who only reviews may not. A reason is asked for, and only with force (Z8)."""
    document = await desk.create()
    assert (await refused(force(desk, document, by=desk.editor))).code == grpc.StatusCode.PERMISSION_DENIED
    assert (await refused(force(desk, document, reason=""))).code == grpc.StatusCode.INVALID_ARGUMENT
    request = rpc.PublishDocumentRequest(id=document.id, etag=document.etag, force_reason="So.")
    refusal = await refused(desk.documents.PublishDocument(request, metadata=desk.publisher.metadata))
    assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT
    assert await desk.get(document) == document


async def test_somebody_else_approves_it_afterwards(desk: Desk) -> None:
    """The flag is gone once somebody has approved it who neither wrote nor published it (Z5, Z8); the audit and the
    reviews have it."""
    document = await force(desk, await desk.update(await desk.create(), by=desk.editor, title="Mine"))
    for own in (desk.editor, desk.publisher):
        refusal = await refused(approve_publication(desk, document, by=own))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "SELF_APPROVAL")
    assert (await refused(approve_publication(desk, document, by=desk.author))).reason == "PERMISSION_DENIED"
    other = await second_editor(desk)
    approved = await approve_publication(desk, document, by=other)
    assert not approved.live.HasField("forced")
    assert await desk.get(approved) == approved
    (event,) = await events(desk, document, "document.approve_publication")
    assert (str(event.actor_id), event.details["forced_by"]) == (other.id, desk.publisher.id)
    (review,) = await reviews(desk, document)
    assert (review.verdict, review.comment) == (ReviewVerdict.REVIEW_VERDICT_PUBLICATION_APPROVED, "rightly so")
    assert (await refused(approve_publication(desk, approved, by=other))).reason == "NOT_FORCED"
    assert (await refused(approve_publication(desk, document, by=other))).reason == "STALE_ETAG"


async def test_the_flag_stays_while_something_new_is_written(desk: Desk) -> None:
    """A new draft, a second publication by force, and taking the page down leave the flag; whoever wrote or published any of it
    does not approve the next revision (Z5, Z8)."""
    document = await force(desk, await desk.create())
    document = await desk.update(document, by=desk.editor, title="Next")
    assert document.live.forced.revision_number == 1
    document = await force(desk, document, by=desk.admin, reason="Again.")
    assert (document.live.forced.revision_number, document.live.forced.reason) == (2, "Again.")
    document = (await withdraw(desk, document)).document
    assert document.live.forced.revision_number == 2
    other = await second_editor(desk)
    document = await desk.submit(await desk.update(document, by=other, title="Third"), by=other)
    for own in (desk.editor, desk.admin, other):
        assert (await refused(desk.approve(document, by=own))).reason == "SELF_APPROVAL"
    document = await desk.publish(await desk.approve(document, by=await second_editor(desk)))
    assert not document.live.HasField("forced")


async def test_an_import_ends_the_flag(desk: Desk) -> None:
    """What is imported in its place was published elsewhere: the flag was of something else."""
    document = await force(desk, await desk.create(f"{desk.root}/a"))
    await desk.bring_in(imported(f"{desk.root}/a", key=document.translation_key, said={"body": "x"}))
    assert not (await desk.get(document)).live.HasField("forced")


async def test_others_are_told(own_desk: Desk) -> None:
    """Those who may review in the organisation are mailed, once, with the reason; who did it is not (Z8)."""
    desk = own_desk
    document = await force(desk, await desk.create(f"{desk.root}/flood", title="Leave the valley"))
    job = Forced(desk.service.database, desk.service.app.means(Forced).holders)
    await job.tell_all()
    await job.tell_all()
    (letter,) = await mails(desk.service, desk.editor.email)
    await mails(desk.service, desk.admin.email)
    await settled(desk.service)
    assert [len(arrived(desk.service, each.email)) for each in (desk.editor, desk.author, desk.publisher)] == [1, 0, 0]
    body = part(letter, "plain")
    assert all(each in body for each in ("Leave the valley", f"{desk.root}/flood", "The dam has broken."))
    assert document.live.forced.account_id == desk.publisher.id


async def test_how_many_wait_is_measured(own_desk: Desk) -> None:
    """The gauges say how many publications by force nobody has approved, and for how long the first has been waiting
    (Z8)."""
    desk = own_desk
    job = Forced(desk.service.database, desk.service.app.means(Forced).holders)
    document = await force(desk, await desk.create())
    async with desk.service.owner.begin() as connection:
        moved = text("UPDATE documents SET force_time = now() - interval '1 hour' WHERE id = :id")
        await connection.execute(moved, {"id": uuid.UUID(document.id)})
    await job.tell_all()
    assert UNAPPROVED._value.get() == 1
    assert OLDEST._value.get() >= 3600
    await approve_publication(desk, await desk.get(document))
    await job.tell_all()
    assert (UNAPPROVED._value.get(), OLDEST._value.get()) == (0, 0)
