"""Single revisions: reading one, restoring one as a new draft, and discarding what was not published."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import grpc
import pytest

from gazette.content.v1.content_service_pb2 import ListRevisionsRequest
from gazette.content.v1.document_pb2 import Document, DraftState, LinkTargets, LiveState
from tests.content.desk import Desk
from tests.content.revising import discard, restore_revision, revision
from tests.content.taking import APPROVED, DISCARD, events, remove, served, withdraw
from tests.refusals import refused

DRAFT, SCHEDULED = DraftState.DRAFT_STATE_DRAFT, DraftState.DRAFT_STATE_SCHEDULED
LONG = {"type": "object", "properties": {"n": {"type": "integer"}}}


async def numbers(desk: Desk, document: Document) -> list[int]:
    request = ListRevisionsRequest(document_id=document.id)
    answer = await desk.documents.ListRevisions(request, metadata=desk.author.metadata)
    return [each.number for each in answer.revisions]


async def test_a_revision_says_what_was_saved(desk: Desk) -> None:
    """Each revision can be read for itself, as it was saved and by whom, whatever was saved since."""
    links = {"related": LinkTargets(translation_keys=["0193a7a2-0000-7000-8000-000000000001"])}
    document = await desk.create(body="**one**", summary="S", tags=["a"], links=links)
    await desk.update(document, by=desk.editor, body="two")
    first, second = await revision(desk, document, 1), await revision(desk, document, 2)
    assert (first.body, first.summary, [*first.tags], first.author_id) == ("**one**", "S", ["a"], desk.author.id)
    assert first.links["related"] == links["related"]
    assert (second.body, second.author_id, second.restored_from_revision_number) == ("two", desk.editor.id, 0)
    assert (await refused(revision(desk, document, 3))).reason == "REVISION_NOT_FOUND"
    other = await Desk.opened(desk.service)
    stranger = await refused(revision(desk, document, 1, by=other.author))
    assert (stranger.code, stranger.reason) == (grpc.StatusCode.NOT_FOUND, "DOCUMENT_NOT_FOUND")


async def test_an_old_revision_becomes_a_new_draft(desk: Desk) -> None:
    """What an old revision says is saved once more, as the caller's own draft that says where it comes from; an approval that
    was there is void, and what was public stays so."""
    document = await desk.published(f"{desk.root}/a", title="One", body="one", summary="S")
    document = await desk.approve(await desk.submit(await desk.update(document, title="Two", body="two")))
    restored = await restore_revision(desk, document, 1, by=desk.editor)
    assert (restored.title, restored.body, restored.summary, restored.revision_number) == ("One", "one", "S", 3)
    assert (restored.draft.state, restored.live.revision_number) == (DRAFT, 1)
    assert int(restored.etag) == int(document.etag) + 1
    third = await revision(desk, document, 3)
    assert (third.restored_from_revision_number, third.author_id) == (1, desk.editor.id)
    assert await numbers(desk, document) == [3, 2, 1]
    assert await desk.get(restored) == restored
    event = (await events(desk, document))[-1]
    assert (event.action, event.details["restored_from"]) == ("document.restore_revision", 1)
    published = await desk.through_review(await desk.update(restored, title="Three"))
    assert published.live.revision_number == 4


async def test_who_restores_is_an_author(desk: Desk) -> None:
    """Nobody approves what they restored themselves (Z5)."""
    document = await desk.update(await desk.create(title="One"), title="Two")
    restored = await desk.submit(await restore_revision(desk, document, 1, by=desk.editor))
    assert (await refused(desk.approve(restored))).reason == "SELF_APPROVAL"


async def test_a_revision_is_restored_by_todays_rules(desk: Desk) -> None:
    """What could not be saved today is refused with what is wrong, and nothing is saved: details that the content type has no
    room for any more, a path that is another document's by now, unless the present one is kept."""
    kind = await desk.content_type(desk.kind("guide"), LONG)
    document = await desk.create(f"{desk.root}/a", content_type=kind.name, details={"n": 1})
    document = await desk.update(document, details={}, path=f"{desk.root}/b")
    other = await desk.create(f"{desk.root}/a")
    taken = await refused(restore_revision(desk, document, 1))
    assert (taken.code, taken.reason) == (grpc.StatusCode.ALREADY_EXISTS, "PATH_TAKEN")
    kept = await restore_revision(desk, document, 1, keep_path=True)
    assert (kept.path, kept.details["n"]) == (f"{desk.root}/b", 1)
    schema = {"type": "object", "properties": {"n": {"type": "string"}}}
    await desk.change_content_type(kind, details_schema=schema)
    broken = await refused(restore_revision(desk, kept, 1, keep_path=True))
    assert (broken.code, broken.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "INVALID_DETAILS")
    assert (await desk.get(kept)).etag == kept.etag
    assert other.path == f"{desk.root}/a"


async def test_restoring_needs_the_newest_etag(desk: Desk) -> None:
    """A stale etag restores nothing, nor does the number of no revision, or somebody who only reads."""
    document = await desk.create()
    await desk.update(document, title="B")
    stale = await refused(restore_revision(desk, document, 1))
    assert (stale.code, stale.reason) == (grpc.StatusCode.ABORTED, "STALE_ETAG")
    current = await desk.get(document)
    assert (await refused(restore_revision(desk, current, 9))).reason == "REVISION_NOT_FOUND"
    other = await Desk.opened(desk.service)
    assert (await refused(restore_revision(desk, current, 1, by=other.author))).reason == "DOCUMENT_NOT_FOUND"


@pytest.mark.parametrize("how", ["draft", "approved", "scheduled"])
async def test_a_discarded_draft(desk: Desk, how: str) -> None:
    """The document goes back to what the public sees, with a new etag and revision; nothing that was said is gone, a move that
    was planned, an approval and a schedule are."""
    document = await desk.published(f"{desk.root}/a", title="One", body="one")
    draft = await desk.update(document, title="Two", path=f"{desk.root}/b")
    if how != "draft":
        draft = await desk.approve(await desk.submit(draft))
    if how == "scheduled":
        draft = await desk.schedule(draft, timedelta(days=1))
    discarded = await discard(desk, draft)
    assert (discarded.title, discarded.body, discarded.path) == ("One", "one", f"{desk.root}/a")
    assert (discarded.draft.state, discarded.draft.HasField("schedule"), discarded.revision_number) == (0, False, 3)
    assert int(discarded.etag) == int(draft.etag) + 1
    assert discarded.live == document.live
    assert await desk.get(discarded) == discarded
    assert (await revision(desk, document, 2)).title == "Two"
    assert (await revision(desk, document, 3)).restored_from_revision_number == 1
    event = (await events(desk, document))[-1]
    assert (event.action, event.details["draft"]["revision"]) == ("document.discard", 2)
    assert await served(desk, f"{desk.root}/a") == "One"
    assert (await restore_revision(desk, discarded, 2)).title == "Two"


async def test_who_discards_may_approve_what_comes_next(desk: Desk) -> None:
    """Giving up a draft writes nothing that has to be approved; whoever wrote the draft stays one of its authors until the next
    publication (Z5)."""
    document = await desk.published()
    draft = await desk.update(document, title="Two")
    discarded = await discard(desk, draft, by=desk.editor)
    next_one = await desk.submit(await desk.update(discarded, by=desk.publisher, title="Three"))
    assert (await refused(desk.approve(next_one, by=desk.publisher))).reason == "SELF_APPROVAL"
    assert (await desk.approve(next_one)).draft.state == APPROVED


async def test_there_must_be_something_to_go_back_to(desk: Desk) -> None:
    """A document that was never public has nothing to go back to, and the refusal says what to do; one without a draft has
    nothing to give up."""
    document = await desk.create()
    never = await refused(discard(desk, document))
    assert (never.code, never.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "WRONG_LIVE_STATE")
    assert "DeleteDocument" in never.status.message
    published = await desk.published()
    assert (await refused(discard(desk, published))).reason == "WRONG_STATE"
    draft = await desk.update(published, title="B")
    assert (await refused(discard(desk, published))).reason == "STALE_ETAG"
    assert (await desk.get(draft)).title == "B"


async def test_another_document_may_have_come_to_the_path(desk: Desk) -> None:
    """A draft that was to move cannot be given up while another document is to be read where the page is."""
    document = await desk.published(f"{desk.root}/a")
    draft = await desk.update(document, path=f"{desk.root}/b")
    other = await desk.create(f"{desk.root}/a")
    taken = await refused(discard(desk, draft))
    assert (taken.code, taken.reason) == (grpc.StatusCode.ALREADY_EXISTS, "PATH_TAKEN")
    await desk.update(other, path=f"{desk.root}/c")
    assert (await discard(desk, draft)).path == f"{desk.root}/a"


async def test_discarding_with_a_change_of_the_page_is_the_same(desk: Desk) -> None:
    """A draft that is discarded because the page is taken down is discarded in the same way: its copy says of what."""
    document = await desk.published(title="One")
    draft = await desk.update(document, title="Two")
    gone = await remove(desk, draft, draft=DISCARD)
    assert (gone.title, gone.revision_number, gone.live.state) == ("One", 3, LiveState.LIVE_STATE_GONE)
    assert (await revision(desk, document, 3)).restored_from_revision_number == 1


async def test_both_at_once(desk: Desk) -> None:
    """Of a save and a discarding with one etag, one happens, and the other is told so (I3)."""
    document = await desk.published(title="One")
    draft = await desk.update(document, title="Two")
    calls: list[Any] = [desk.update(draft, title="Three"), discard(desk, draft)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert sorted(isinstance(each, grpc.aio.AioRpcError) for each in results) == [False, True]
    assert len(await numbers(desk, document)) == 3


async def test_words_that_come_back_are_still_their_authors(desk: Desk) -> None:
    """Whoever wrote what somebody else restores is one of its authors, even if the page was taken down in between and the draft
    discarded with it. They cannot approve it. (Z5)"""
    page = await desk.update(await desk.published(f"{desk.root}/a"), desk.editor, title="Mine")
    taken = await withdraw(desk, page, draft=DISCARD)
    restored = await restore_revision(desk, taken.document, page.revision_number)
    submitted = await desk.submit(restored)
    assert (await refused(desk.approve(submitted))).reason == "SELF_APPROVAL"
    again = await restore_revision(desk, await desk.get(submitted), restored.revision_number)
    assert (await refused(desk.approve(await desk.submit(again)))).reason == "SELF_APPROVAL"
    assert (await desk.approve(await desk.get(again), desk.publisher)).draft.state == APPROVED
