"""What people say to a document: to all of it, a field or words; in threads that are resolved; and who may take it back."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import grpc
import pytest

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1 import commenting_pb2 as rpc
from gazette.content.v1.comment_pb2 import Comment, CommentState
from gazette.content.v1.document_pb2 import Document
from tests.content.desk import Desk
from tests.content.reviewing import (
    change_comment,
    comment,
    comments,
    delete_comment,
    force,
    reopen,
    resolve,
    second_editor,
)
from tests.content.test_due import events
from tests.refusals import refused

OPEN, RESOLVED = CommentState.COMMENT_STATE_OPEN, CommentState.COMMENT_STATE_RESOLVED


async def blocking(desk: Desk, document: Document) -> int:
    return (await desk.get(document)).draft.blocking_comments


async def test_what_a_comment_is_about(desk: Desk) -> None:
    """A comment is about the document, a field, a member of its details or words in one, on the newest revision or another one;
    it stays when the document goes on (C35)."""
    document = await desk.update(await desk.create(body="Boats sink."), body="Boats rarely sink.")
    plain = await comment(desk, document, "Good.")
    assert (plain.revision_number, plain.account_id, plain.field, plain.parent_id) == (2, desk.editor.id, "", "")
    quoted = await comment(desk, document, "Really?", field="body", quote="rarely", quote_begin=6, revision_number=1)
    assert (quoted.field, quoted.quote, quoted.quote_begin, quoted.revision_number) == ("body", "rarely", 6, 1)
    member = await comment(desk, document, "Whose?", field="details/contacts/0/phone", by=desk.author)
    document = await desk.through_review(await desk.update(document, body="Boats sail."))
    assert await comments(desk, document) == [member, quoted, plain]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"text": ""}, "INVALID_ARGUMENT"),
        ({"text": " \u200b"}, "INVALID_ARGUMENT"),
        ({"text": "x" * 10_001}, "INVALID_ARGUMENT"),
        ({"field": "author_id"}, "INVALID_ARGUMENT"),
        ({"quote": "words of nothing"}, "INVALID_ARGUMENT"),
        ({"field": "body", "quote_begin": 3}, "INVALID_ARGUMENT"),
        ({"revision_number": 2}, "REVISION_NOT_FOUND"),
        ({"parent_id": str(uuid.uuid4())}, "COMMENT_NOT_FOUND"),
        ({"parent_id": str(uuid.uuid4()), "blocks_approval": True}, "INVALID_ARGUMENT"),
    ],
)
async def test_what_is_no_comment(desk: Desk, said: dict[str, Any], reason: str) -> None:
    """What says nothing, or is about what there is not, is refused."""
    document = await desk.create()
    assert (await refused(comment(desk, document, **said))).reason == reason
    assert await comments(desk, document) == []


async def test_threads(desk: Desk) -> None:
    """Replies follow their comment, oldest first, and are about what it is about; there are none to replies (C35)."""
    document = await desk.create()
    first = await comment(desk, document, "Why?", field="title")
    second = await comment(desk, document, "And this?")
    replies = [await comment(desk, document, text, by=desk.author, parent_id=first.id) for text in ("So.", "Therefore.")]
    assert {(each.parent_id, each.field) for each in replies} == {(first.id, "title")}
    assert await comments(desk, document) == [second, first, *replies]
    assert (await refused(comment(desk, document, parent_id=replies[0].id))).reason == "IS_A_REPLY"
    assert (await refused(resolve(desk, document, replies[0]))).reason == "IS_A_REPLY"


async def test_lists_come_in_parts(desk: Desk) -> None:
    """Whoever walks through the comments sees each once, whichever page ends in the middle of a thread; a filter concerns whole
    threads."""
    document = await desk.create()
    for at in range(3):
        root = await comment(desk, document, f"{at}")
        for text in "ab":
            await comment(desk, document, f"{at}{text}", parent_id=root.id)
        if at == 1:
            await resolve(desk, document, root)
    document = await desk.update(document, title="Next")
    late = await comment(desk, document, "late")
    every = await comments(desk, document)
    for size in range(1, 5):
        found, token = [], ""
        while True:
            request = rpc.ListCommentsRequest(document_id=document.id, page_size=size, page_token=token)
            answer = await desk.documents.ListComments(request, metadata=desk.author.metadata)
            found += answer.comments
            token = answer.next_page_token
            if not token:
                break
        assert found == every
    assert [each.text for each in await comments(desk, document, state=RESOLVED)] == ["1", "1a", "1b"]
    assert [each.text for each in await comments(desk, document, state=OPEN, revision_number=1)] == [
        "2",
        "2a",
        "2b",
        "0",
        "0a",
        "0b",
    ]
    assert await comments(desk, document, revision_number=2) == [late]


async def test_resolving_and_opening_again(desk: Desk) -> None:
    """A thread is resolved and opened again, as often as somebody likes; a repeated call changes nothing (C35)."""
    document = await desk.create()
    one = await comment(desk, document)
    resolved = await resolve(desk, document, one, by=desk.author)
    assert (resolved.resolver_id, resolved.resolve_time.seconds > 0) == (desk.author.id, True)
    assert await resolve(desk, document, one) == resolved
    assert await comments(desk, document) == [resolved]
    assert await reopen(desk, document, one) == await reopen(desk, document, one) == one
    actions = ["document.comment", "document.comment_resolve", "document.comment_reopen"]
    assert [len(await events(desk, document, action)) for action in actions] == [1, 1, 1]


async def test_who_says_what_blocks(desk: Desk) -> None:
    """Only who may review blocks, and resolves what somebody else blocks with; its maker may in any case (C35)."""
    document = await desk.create()
    refusal = await refused(comment(desk, document, by=desk.author, blocks_approval=True))
    assert refusal.code == grpc.StatusCode.PERMISSION_DENIED
    one = await comment(desk, document, blocks_approval=True)
    for step in (resolve, reopen):
        assert (await refused(step(desk, document, one, by=desk.author))).code == grpc.StatusCode.PERMISSION_DENIED
    await resolve(desk, document, one, by=desk.publisher)
    assert await blocking(desk, document) == 0
    await reopen(desk, document, one, by=desk.publisher)
    assert await blocking(desk, document) == 1
    assert not (await change_comment(desk, document, one, blocks_approval=False)).blocks_approval
    assert await blocking(desk, document) == 0
    own = await comment(desk, document, by=desk.author)
    assert (
        await refused(change_comment(desk, document, own, by=desk.author, blocks_approval=True))
    ).reason == "PERMISSION_DENIED"


async def test_changing_what_was_said(desk: Desk) -> None:
    """Who said it changes it, and nobody else; that it was changed is shown."""
    document = await desk.create()
    one = await comment(desk, document)
    changed = await change_comment(desk, document, one, text="Why not?")
    assert (changed.text, changed.update_time.seconds > 0) == ("Why not?", True)
    assert await comments(desk, document) == [changed]
    assert (await refused(change_comment(desk, document, one, text=""))).code == grpc.StatusCode.INVALID_ARGUMENT
    assert (await refused(change_comment(desk, document, one, field="title"))).reason == "INVALID_UPDATE_MASK"
    refusal = await refused(change_comment(desk, document, one, by=desk.publisher, text="Ha"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_YOUR_COMMENT")
    reply = await comment(desk, document, parent_id=one.id)
    assert (await refused(change_comment(desk, document, reply, blocks_approval=True))).reason == "IS_A_REPLY"


async def test_taking_it_back(desk: Desk) -> None:
    """What its maker deletes has no words any more and blocks nothing, and its replies stay; nobody answers it."""
    document = await desk.create()
    one = await comment(desk, document, "Secret", field="body", quote="also", blocks_approval=True)
    reply = await comment(desk, document, "Hm.", parent_id=one.id, by=desk.author)
    refusal = await refused(delete_comment(desk, document, one, by=desk.author))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_YOUR_COMMENT")
    deleted = await delete_comment(desk, document, one)
    assert (deleted.text, deleted.quote, deleted.delete_time.seconds > 0) == ("", "", True)
    assert await delete_comment(desk, document, one) == deleted
    assert await comments(desk, document) == [deleted, reply]
    assert await comments(desk, document, state=OPEN) == []
    assert await blocking(desk, document) == 0
    for late in (
        comment(desk, document, parent_id=one.id),
        change_comment(desk, document, one, text="x"),
        resolve(desk, document, one),
    ):
        assert (await refused(late)).reason == "COMMENT_DELETED"


async def test_whose_document_it_is(desk: Desk) -> None:
    """Another organisation's people do not learn that there is a document; readers read what is said, and say nothing."""
    document = await desk.create()
    one = await comment(desk, document)
    stranger = await desk.service.account(role=Role.ROLE_EDITOR, organisation_id=await desk.service.organisation())
    reader = await second_editor(desk, Role.ROLE_READER)
    for step in (comment(desk, document, by=stranger), resolve(desk, document, one, by=stranger)):
        assert (await refused(step)).reason == "DOCUMENT_NOT_FOUND"
    assert (await refused(comment(desk, document, by=reader))).code == grpc.StatusCode.PERMISSION_DENIED
    request = rpc.ListCommentsRequest(document_id=document.id)
    assert [*(await desk.documents.ListComments(request, metadata=reader.metadata)).comments] == [one]
    other = await desk.create()
    assert (await refused(resolve(desk, other, one))).reason == "COMMENT_NOT_FOUND"


async def test_a_comment_is_made_once(desk: Desk) -> None:
    """A repeated call with the same key makes no second comment."""
    document = await desk.create()
    request = rpc.AddCommentRequest(document_id=document.id, comment=Comment(text="Once."))
    metadata = (*desk.editor.metadata, ("idempotency-key", uuid.uuid4().hex))
    answers = [await desk.documents.AddComment(request, metadata=metadata) for _ in range(2)]
    assert answers[0] == answers[1]
    assert await comments(desk, document) == [answers[0].comment]


async def test_many_at_once(desk: Desk) -> None:
    """However many block and resolve at once, the document knows how many block it; and none slips past an approval (C35)."""
    document = await desk.submit(await desk.create())
    made = await asyncio.gather(*(comment(desk, document, blocks_approval=True) for _ in range(10)))
    assert await blocking(desk, document) == 10
    await asyncio.gather(*(resolve(desk, document, each) for each in made))
    outcomes = await asyncio.gather(
        desk.approve(document), comment(desk, document, blocks_approval=True), return_exceptions=True
    )
    assert await blocking(desk, document) == 1
    if isinstance(outcomes[0], Document):  # it was heard first
        assert (await refused(desk.publish(outcomes[0]))).reason == "BLOCKING_COMMENTS"
    assert (await force(desk, await desk.get(document))).draft.state == 0
