"""How many people approve a draft, who may, and what becomes of their word."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from sqlalchemy import text

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1.content_service_pb2 import ListDocumentsRequest
from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.document_pb2 import Document
from gazette.content.v1.review_pb2 import Approver, ReviewPolicy, ReviewVerdict
from gazette.content.v1.reviewing_pb2 import ListReviewsRequest
from server.content.transitions import APPROVED, DRAFT, IN_REVIEW
from tests.content.desk import Desk
from tests.content.reviewing import change_policy, policy, recall, reviews
from tests.content.test_schedules import DAY
from tests.refusals import refused


async def submitted(desk: Desk, content_type: ContentType) -> Document:
    return await desk.submit(await desk.create(content_type=content_type.name))


def approvers(document: Document) -> list[str]:
    return [each.account_id for each in document.draft.approvals]


async def test_one_approval_unless_said_otherwise(desk: Desk) -> None:
    """A content type that says nothing asks for one approval by whoever may review, and shows that it does."""
    said = (await desk.content_type(desk.kind("plain"))).review_policy
    assert (said.required_approvals, said.approver) == (1, Approver.APPROVER_REVIEWER)
    assert (await desk.create()).draft.required_approvals == 1


async def test_two_people_approve(desk: Desk) -> None:
    """With two approvals asked for, the draft is in review until two people have given theirs, and shows who did (Z5)."""
    document = await submitted(desk, await policy(desk, 2))
    assert (document.draft.required_approvals, approvers(document)) == (2, [])
    document = await desk.approve(document)
    assert (document.draft.state, approvers(document)) == (IN_REVIEW, [desk.editor.id])
    refusal = await refused(desk.publish(document))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NOT_APPROVED")
    assert dict(refusal.info.metadata) == {"state": "IN_REVIEW", "required": "2", "given": "1"}
    document = await desk.approve(document, by=desk.publisher)
    assert (document.draft.state, approvers(document)) == (APPROVED, [desk.editor.id, desk.publisher.id])
    assert document.draft.approvals[1].create_time == document.update_time
    assert await desk.get(document) == document
    assert not (await desk.publish(document)).draft.approvals


async def test_nobody_approves_twice(desk: Desk) -> None:
    """Two approvals are not one person's (Z5)."""
    document = await desk.approve(await submitted(desk, await policy(desk, 2)))
    refusal = await refused(desk.approve(document))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "ALREADY_APPROVED")
    assert await desk.get(document) == document


async def test_no_author_is_one_of_the_two(desk: Desk) -> None:
    """With two approvals asked for, neither is by somebody who wrote a revision since the last publication (Z5)."""
    document = await desk.create(content_type=(await policy(desk, 2)).name)
    document = await desk.submit(await desk.update(document, by=desk.publisher, title="Mine, too"))
    document = await desk.approve(document)
    assert (await refused(desk.approve(document, by=desk.publisher))).reason == "SELF_APPROVAL"


async def test_two_reviewers_at_once(desk: Desk) -> None:
    """Of two who approve the same version at once one is heard, and the other told to read again, and counts then (Z5)."""
    document = await submitted(desk, await policy(desk, 2))
    people = [desk.editor, desk.publisher]
    outcomes = await asyncio.gather(*(desk.approve(document, by=each) for each in people), return_exceptions=True)
    (heard,) = [each for each in outcomes if isinstance(each, Document)]
    (told,) = [each for each in outcomes if isinstance(each, grpc.aio.AioRpcError)]
    assert (told.code(), heard.draft.state) == (grpc.StatusCode.ABORTED, IN_REVIEW)
    (other,) = [each for each in people if each.id not in approvers(heard)]
    assert (await desk.approve(heard, by=other)).draft.state == APPROVED


async def test_where_nobody_has_to_approve(desk: Desk) -> None:
    """With no approval asked for, whoever may publish publishes or schedules a draft that was not submitted, be it their own;
    an author alone does not."""
    kind = (await policy(desk, 0)).name
    mine = await desk.create(content_type=kind, metadata=desk.publisher.metadata)
    assert (await refused(desk.publish(mine, by=desk.author))).code == grpc.StatusCode.PERMISSION_DENIED
    assert (await desk.publish(mine)).live.revision_number == 1
    document = await desk.schedule(await desk.create(content_type=kind), DAY)
    assert (await desk.unschedule(document)).draft.state == DRAFT
    document = await desk.approve(await submitted(desk, ContentType(name=kind)))
    assert (await desk.unschedule(await desk.schedule(document, DAY))).draft.state == APPROVED


async def test_what_was_given_back_is_not_published(desk: Desk) -> None:
    """Even where nobody has to approve: who was asked, and asked for changes, is heard."""
    document = await desk.request_changes(await submitted(desk, await policy(desk, 0)))
    refusal = await refused(desk.publish(document))
    assert (refusal.reason, dict(refusal.info.metadata)) == ("NOT_APPROVED", {"state": "CHANGES_REQUESTED"})


@pytest.mark.parametrize("ending", ["save", "request changes", "recall"])
async def test_what_voids_approvals(desk: Desk, ending: str) -> None:
    """A save, a request for changes and a recall void all approvals, also once the same words are submitted again (Z5)."""
    document = await desk.approve(await submitted(desk, await policy(desk, 2)))
    if ending == "save":
        document = await desk.update(document, title="Another")
    elif ending == "recall":
        document = await recall(desk, document)
    else:
        document = await desk.request_changes(document, by=desk.publisher)
    assert approvers(document) == approvers(await desk.get(document)) == []
    document = await desk.submit(document)
    assert approvers(document) == []
    document = await desk.approve(document, by=desk.publisher)
    assert (document.draft.state, approvers(document)) == (IN_REVIEW, [desk.publisher.id])


async def test_an_author_takes_it_back(desk: Desk) -> None:
    """What was submitted is a draft again when an author takes it back, and its reviewers' words are kept; nothing else is."""
    document = await desk.submit(await desk.create())
    recalled = await recall(desk, document)
    assert recalled.draft.state == DRAFT
    assert (await refused(recall(desk, recalled))).reason == "WRONG_STATE"
    assert (await refused(recall(desk, document))).reason == "STALE_ETAG"
    approved = await desk.approved()
    assert (await refused(recall(desk, approved))).reason == "WRONG_STATE"
    outsider = await desk.service.account(role=Role.ROLE_READER, organisation_id=desk.organisation_id)
    assert (await refused(recall(desk, recalled, by=outsider))).code == grpc.StatusCode.PERMISSION_DENIED


async def test_a_policy_that_becomes_stricter(desk: Desk) -> None:
    """A draft that was approved by one is not published once its content type asks for two, nor scheduled; a second person
    approves it where it stands (Z5)."""
    kind = await policy(desk, 1)
    document = await desk.approve(await submitted(desk, kind))
    await change_policy(desk, kind, 2)
    for refusal in (await refused(desk.publish(document)), await refused(desk.schedule(document, DAY))):
        assert (refusal.reason, refusal.info.metadata["required"], refusal.info.metadata["given"]) == ("NOT_APPROVED", "2", "1")
    assert (await refused(desk.approve(document))).reason == "ALREADY_APPROVED"
    document = await desk.approve(document, by=desk.publisher)
    assert (document.draft.state, len(document.draft.approvals)) == (APPROVED, 2)
    assert (await desk.publish(document)).draft.state == 0


async def test_a_policy_that_becomes_milder(desk: Desk) -> None:
    """A draft in review that has enough approvals by now is published as it stands."""
    kind = await policy(desk, 2)
    document = await desk.approve(await submitted(desk, kind))
    await change_policy(desk, kind, 1)
    assert (await desk.publish(document)).draft.state == 0


async def test_who_may_approve(desk: Desk) -> None:
    """A content type can ask for more of an approver than that they may review."""
    kind = await policy(desk, 1, approver=Approver.APPROVER_PUBLISHER)
    document = await submitted(desk, kind)
    refusal = await refused(desk.approve(document))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED")
    assert (await desk.approve(document, by=desk.publisher)).draft.state == APPROVED


async def test_policies_that_are_none(desk: Desk) -> None:
    """More than two approvals, and an approver whom nobody knows, are refused at their place; an update of a
    policy changes nothing else."""
    for wrong, field in ((ReviewPolicy(required_approvals=3), "required_approvals"), (ReviewPolicy(approver=9), "approver")):  # type: ignore[arg-type]
        refusal = await refused(desk.content_type(desk.kind("wrong"), review_policy=wrong))
        assert (refusal.code, [*refusal.fields]) == (grpc.StatusCode.INVALID_ARGUMENT, [f"content_type.review_policy.{field}"])
    kind = await policy(desk, 2)
    changed = await change_policy(desk, kind, 0)
    assert (changed.review_policy.required_approvals, changed.title) == (0, kind.title)
    changed = await desk.change_content_type(changed, title="New")
    assert changed.review_policy.required_approvals == 0


async def test_approvals_of_a_release_before(desk: Desk) -> None:
    """An approval that was stored before it was kept what a step was counts."""
    document = await desk.approved()
    async with desk.service.owner.begin() as connection:
        await connection.execute(text("UPDATE reviews SET verdict = NULL WHERE document_id = :id"), {"id": document.id})
    assert await desk.get(document) == document
    assert [each.verdict for each in await reviews(desk, document)] == [
        ReviewVerdict.REVIEW_VERDICT_APPROVED,
        ReviewVerdict.REVIEW_VERDICT_SUBMITTED,
    ]
    assert (await desk.publish(document)).draft.state == 0


async def test_lists_of_documents_tell_who_approved(desk: Desk) -> None:
    """A list says who has approved a draft and how many are needed, without what they said."""
    document = await desk.approve(await submitted(desk, await policy(desk, 2)))
    request = ListDocumentsRequest(organisation_id=desk.organisation_id)
    (found,) = (await desk.documents.ListDocuments(request, metadata=desk.author.metadata)).documents
    assert (approvers(found), found.draft.required_approvals) == (approvers(document), 2)


async def test_reviews_are_read(desk: Desk) -> None:
    """What was done and said in reviews is listed newest first, in parts, to those who may read the document alone."""
    document = await desk.request_changes(await desk.submit(await desk.create()))
    document = await recall(desk, await desk.submit(document))
    document = await desk.approve(await desk.submit(document))
    found = await reviews(desk, document)
    verdicts = ["SUBMITTED", "CHANGES_REQUESTED", "SUBMITTED", "RECALLED", "SUBMITTED", "APPROVED"]
    assert [ReviewVerdict.Name(each.verdict) for each in found] == [f"REVIEW_VERDICT_{each}" for each in reversed(verdicts)]
    assert [(each.comment, each.account_id) for each in found[-2:]] == [("shorter", desk.editor.id), ("please", desk.author.id)]
    part = await reviews(desk, document, page_size=4)
    assert part == found[:4]
    other = await desk.service.account(role=Role.ROLE_EDITOR, organisation_id=await desk.service.organisation())
    request = ListReviewsRequest(document_id=document.id, page_size=4)
    answer = await desk.documents.ListReviews(request, metadata=desk.author.metadata)
    rest = ListReviewsRequest(document_id=document.id, page_size=4, page_token=answer.next_page_token)
    last = await desk.documents.ListReviews(rest, metadata=desk.author.metadata)
    assert ([*last.reviews], last.next_page_token) == (found[4:], "")
    assert (await refused(desk.documents.ListReviews(request, metadata=other.metadata))).reason == "DOCUMENT_NOT_FOUND"
