"""All that keeps something from being done is told at once, each condition with its reason and what it is about."""

from __future__ import annotations

import grpc

from gazette.content.v1.document_pb2 import Document
from server.content.transitions import APPROVED, IN_REVIEW
from tests.content.desk import Desk
from tests.content.reviewing import change_policy, comment, policy, recall, resolve, unmet
from tests.content.test_due import failed, make_due
from tests.content.test_schedules import DAY
from tests.refusals import refused

SCHEMA = {"required": ["phone", "opens"], "properties": {"phone": {"type": "string"}}}
DETAILS = ("INVALID_DETAILS", "document.details")


async def unfinished(desk: Desk) -> Document:
    kind = desk.kind("contact")
    await desk.content_type(kind, SCHEMA)
    return await desk.create(content_type=kind)


async def test_submitting(desk: Desk) -> None:
    """What is submitted already, and is not complete, is refused for both; the ErrorInfo has the first reason (C35)."""
    document = await unfinished(desk)
    refusal = await refused(desk.submit(document))
    assert (refusal.reason, unmet(refusal)) == ("INVALID_DETAILS", [DETAILS, DETAILS])
    assert [*refusal.fields] == ["document.details"]
    document = await desk.submit(await desk.update(document, details={"phone": "1", "opens": 9}))
    refusal = await refused(desk.submit(document))
    assert unmet(refusal) == [("WRONG_STATE", "draft.state")]


async def test_publishing(desk: Desk) -> None:
    """What lacks approvals, is blocked by a comment and is not complete is refused for all three (C35)."""
    document = await unfinished(desk)
    await comment(desk, document, blocks_approval=True)
    for refusal in (await refused(desk.publish(document)), await refused(desk.schedule(document, DAY))):
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NOT_APPROVED")
        expected = [("NOT_APPROVED", "draft.approvals"), ("BLOCKING_COMMENTS", "draft.blocking_comments"), DETAILS, DETAILS]
        assert unmet(refusal) == expected
        assert (refusal.info.metadata["required"], refusal.info.metadata["given"]) == ("1", "0")


async def test_approving(desk: Desk) -> None:
    """A draft in review that is blocked, and that its content type has come to ask more of, is refused for both (C35)."""
    kind = desk.kind("contact")
    content_type = await desk.content_type(kind)
    document = await desk.submit(await desk.create(content_type=kind))
    await comment(desk, document, blocks_approval=True)
    await desk.change_content_type(content_type, details_schema={"required": ["phone"]})
    refusal = await refused(desk.approve(document))
    assert (refusal.reason, unmet(refusal)) == (
        "BLOCKING_COMMENTS",
        [("BLOCKING_COMMENTS", "draft.blocking_comments"), DETAILS],
    )


async def test_open_comments_block(desk: Desk) -> None:
    """An open comment that blocks keeps a draft from being approved, and from being published with earlier approvals, until
    it is resolved. A plain one blocks nothing (C35)."""
    document = await desk.submit(await desk.create())
    await comment(desk, document)
    blocking = await comment(desk, document, blocks_approval=True)
    assert (await desk.get(document)).draft.blocking_comments == 1
    refusal = await refused(desk.approve(document))
    assert (refusal.reason, dict(refusal.info.metadata)) == ("BLOCKING_COMMENTS", {"count": "1"})
    await resolve(desk, document, blocking)
    document = await desk.approve(document)
    later = await comment(desk, document, blocks_approval=True)
    assert (await refused(desk.publish(document))).reason == "BLOCKING_COMMENTS"
    await resolve(desk, document, later)
    assert (await desk.publish(document)).draft.state == 0


async def test_what_is_due_is_judged_again(desk: Desk) -> None:
    """What was scheduled, and is blocked or lacks approvals when it is due, is not published, and says why (C35)."""
    blocked = await desk.schedule(await desk.approved(), DAY)
    await comment(desk, blocked, blocks_approval=True)
    kind = await policy(desk, 1)
    lacking = await desk.schedule(await desk.approve(await desk.submit(await desk.create(content_type=kind.name))), DAY)
    await change_policy(desk, kind, 2)
    for document, reason in ((blocked, "BLOCKING_COMMENTS"), (lacking, "NOT_APPROVED")):
        await make_due(desk, document)
        assert (await failed(desk, document)).draft.schedule.failure.reason == reason


async def test_the_etag_stays(desk: Desk) -> None:
    """A comment changes neither the document's etag nor its state: who read it before still approves it."""
    document = await desk.submit(await desk.create())
    await comment(desk, document)
    assert (await desk.approve(document)).draft.state == APPROVED
    document = await desk.submit(await recall(desk, await desk.submit(await desk.create())))
    assert document.draft.state == IN_REVIEW
