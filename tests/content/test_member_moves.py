"""Members that a content type calls something else by now: everybody reads them there, and nothing that was saved changes."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import timedelta
from typing import Any

import grpc
import pytest
from sqlalchemy import text

from gazette.content.v1 import content_service_pb2 as content
from gazette.content.v1.document_import_pb2 import ExportDocumentsRequest
from gazette.content.v1.document_pb2 import Document, DocumentView, DraftState, LiveState
from gazette.content.v1.taking_down_pb2 import DraftHandling
from server.rpc.objects import plain
from tests.content.desk import Desk
from tests.content.taking import restore, withdraw
from tests.content.test_content_type_changes import precondition
from tests.content.type_changes import asked, change, invalid, now
from tests.polling import until
from tests.refusals import refused

STRICT_OLD: dict[str, Any] = {"properties": {"old": {"type": "string"}}, "additionalProperties": False}
STRICT_NEW: dict[str, Any] = {"properties": {"new": {"type": "string"}}, "additionalProperties": False}
MOVES = [("/old", "/new")]
FULL = DocumentView.DOCUMENT_VIEW_FULL


def said(message: Any) -> dict[str, Any]:
    return plain(message.details)


async def stored(desk: Desk, document: Document) -> list[dict[str, Any]]:
    """What the revisions of a document say in the database, in order."""
    async with desk.service.owner.connect() as connection:
        rows = await connection.execute(
            text("SELECT details FROM revisions WHERE document_id = :id ORDER BY number"), {"id": uuid.UUID(document.id)}
        )
        return [row.details if isinstance(row.details, dict) else json.loads(row.details.json) for row in rows]


async def test_a_rename_moves_the_data(desk: Desk) -> None:
    """Whoever reads a document after a member was renamed reads it under its new name: alone, in lists, in exports and on the
    page that is published next. What was saved stays as it was, and so does what is public (C40)."""
    made = await desk.content_type(desk.kind("renamed"), STRICT_OLD)
    live = await desk.published(content_type=made.name, details={"old": "Quay"})
    draft = await desk.create(content_type=made.name, details={"old": "Pier"})
    before = await desk.page(live.path)
    answer = await change(desk, made, MOVES, details_schema=STRICT_NEW)
    assert [(each.source, each.target) for each in answer.content_type.moves] == MOVES
    assert await desk.page(live.path) == before
    assert said(await desk.get(live)) == {"new": "Quay"}
    assert said(await desk.get(draft)) == {"new": "Pier"}
    request = content.ListDocumentsRequest(organisation_id=desk.organisation_id, content_type=made.name, view=FULL)
    listed = await desk.documents.ListDocuments(request, metadata=desk.author.metadata)
    assert [said(each) for each in listed.documents] == [{"new": "Pier"}, {"new": "Quay"}]
    export = ExportDocumentsRequest(organisation_id=desk.organisation_id)
    exported = [part async for part in desk.documents.ExportDocuments(export, metadata=desk.author.metadata)]
    assert [said(part.document.document) for part in exported if part.document.source == live.path] == [{"new": "Quay"}]
    assert await stored(desk, live) == [{"old": "Quay"}]
    revisions = content.ListRevisionsRequest(document_id=live.id, view=FULL)
    [revision] = (await desk.documents.ListRevisions(revisions, metadata=desk.author.metadata)).revisions
    assert (said(revision), revision.content_type.version) == ({"old": "Quay"}, 1)
    again = await desk.through_review(await desk.update(await desk.get(live), title="Again"))
    assert said(await desk.get(again)) == {"new": "Quay"}
    assert plain((await desk.page(live.path)).page.details) == {"new": "Quay"}
    assert await stored(desk, live) == [{"old": "Quay"}, {"new": "Quay"}]


async def test_an_approval_outlives_a_rename(desk: Desk) -> None:
    """An approved draft stays approved through a rename, needs no new revision, and is published with the new name (C40)."""
    made = await desk.content_type(desk.kind("approved"), STRICT_OLD, html_members=["/old"])
    document = await desk.approve(await desk.submit(await desk.create(content_type=made.name, details={"old": "<b>Quay</b>"})))
    answer = await change(desk, made, MOVES, details_schema=STRICT_NEW)
    assert [*answer.content_type.html_members] == ["/new"]
    approved = await desk.get(document)
    assert (approved.draft.state, approved.revision_number) == (DraftState.DRAFT_STATE_APPROVED, document.revision_number)
    published = await desk.publish(approved)
    assert (said(published), published.revision_number) == ({"new": "<b>Quay</b>"}, 1)
    assert plain((await desk.page(document.path)).page.details) == {"new": "<b>Quay</b>"}


async def test_a_schedule_outlives_a_rename(desk: Desk) -> None:
    """A draft that is scheduled is published by itself under the new name (C40)."""
    made = await desk.content_type(desk.kind("scheduled"), STRICT_OLD)
    document = await desk.approve(await desk.submit(await desk.create(content_type=made.name, details={"old": "Quay"})))
    await desk.schedule(document, timedelta(seconds=2))
    await change(desk, made, MOVES, details_schema=STRICT_NEW)

    async def is_published() -> bool:
        return (await desk.get(document)).live.state == LiveState.LIVE_STATE_PUBLISHED

    await until(is_published)
    assert plain((await desk.page(document.path)).page.details) == {"new": "Quay"}


async def test_html_moves_along(desk: Desk) -> None:
    """A member that holds HTML is sanitised under its new name, though nobody named it anew (C40)."""
    made = await desk.content_type(desk.kind("html"), html_members=["/parts/*/old"])
    document = await desk.create(content_type=made.name, details={"parts": [{"old": "<script>x</script><p>y</p>"}]})
    await change(desk, made, [("/parts/*/old", "/parts/*/text/html")])
    await desk.through_review(await desk.get(document))
    assert plain((await desk.page(document.path)).page.details) == {"parts": [{"text": {"html": "<p>y</p>"}}]}


async def test_who_read_before_a_rename_is_told(desk: Desk) -> None:
    """A save by what was read before a rename is refused as stale, so that nobody saves under the old name (C40)."""
    made = await desk.content_type(desk.kind("stale"))
    document = await desk.create(content_type=made.name, details={"old": "Quay"})
    await change(desk, made, MOVES)
    refusal = await refused(desk.update(document, details={"old": "Pier"}))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "STALE_ETAG")
    current = await desk.get(document)
    assert refusal.info.metadata["current"] == current.etag
    request = content.ListDocumentsRequest(organisation_id=desk.organisation_id, content_type=made.name)
    [listed] = (await desk.documents.ListDocuments(request, metadata=desk.author.metadata)).documents
    assert listed.etag == current.etag
    submitted = await desk.submit(current)
    assert submitted.etag == (await desk.get(document)).etag
    saved = await desk.update(submitted, details={"new": "Pier"})
    assert saved.etag == (await desk.get(document)).etag
    assert said(saved) == {"new": "Pier"}


async def test_both_sides_move(desk: Desk) -> None:
    """A live side that was saved before a rename moves though the draft was saved after it: it is withdrawn, restored, and its
    draft discarded, under the new name (C40)."""
    made = await desk.content_type(desk.kind("sides"), STRICT_OLD)
    live = await desk.published(content_type=made.name, details={"old": "Quay"})
    await change(desk, made, MOVES, details_schema=STRICT_NEW)
    draft = await desk.update(await desk.get(live), details={"new": "Pier"})
    withdrawn = (await withdraw(desk, draft, draft=DraftHandling.DRAFT_HANDLING_KEEP)).document
    assert plain((await desk.page(live.path)).page.details) == {"new": "Quay"}
    assert withdrawn.etag == (await desk.get(live)).etag
    restored = await restore(desk, withdrawn, draft=DraftHandling.DRAFT_HANDLING_DISCARD)
    assert plain((await desk.page(live.path)).page.details) == {"new": "Quay"}
    current = await desk.get(live)
    assert (said(current), current.etag) == ({"new": "Quay"}, restored.etag)
    assert await stored(desk, live) == [{"old": "Quay"}, {"new": "Pier"}, {"old": "Quay"}]


async def test_a_move_that_collides_is_refused(desk: Desk) -> None:
    """Where something else is already, a move is refused with the documents, also with `accept_invalid`; where the same is,
    it goes (C40)."""
    made = await desk.content_type(desk.kind("collides"))
    await desk.create(content_type=made.name, details={"old": "same", "new": "same"})
    other = await desk.create(content_type=made.name, details={"old": "one", "new": "another"})
    for accept in (False, True):
        refusal = await refused(change(desk, made, MOVES, accept=accept))
        assert (refusal.reason, refusal.info.metadata["unmovable_count"]) == ("DOCUMENTS_WOULD_BE_INVALID", "1")
        assert [each.subject for each in precondition(refusal).violations] == [f"{other.id} {other.path}"]
    [found] = await invalid(desk, made.name, asked(made, MOVES))
    assert (found.id, found.is_unmovable) == (other.id, True)
    await desk.update(other, details={"old": "one"})
    assert (await change(desk, made, MOVES)).invalid_count == 0
    assert said(await desk.get(other)) == {"new": "one"}


async def test_nothing_is_erased(desk: Desk) -> None:
    """What a schema knows no more stays in the revisions, shows when an earlier version is made the type's again, and a move
    is taken back by a move (C40)."""
    made = await desk.content_type(desk.kind("back"), STRICT_OLD)
    document = await desk.create(content_type=made.name, details={"old": "Quay"})
    narrow = {"properties": {}, "additionalProperties": False}
    answer = await change(desk, made, accept=True, details_schema=narrow)
    assert answer.invalid_count == 1
    assert said(await desk.get(document)) == {"old": "Quay"}
    first = await now(desk, made.name, 1)
    there = (await change(desk, answer.content_type, details_schema=first.details_schema)).content_type
    assert await invalid(desk, made.name) == []
    moved = (await change(desk, there, MOVES, details_schema=STRICT_NEW)).content_type
    assert said(await desk.get(document)) == {"new": "Quay"}
    await change(desk, moved, [("/new", "/old")], details_schema=first.details_schema)
    assert said(await desk.get(document)) == {"old": "Quay"}
    assert await stored(desk, document) == [{"old": "Quay"}]
    await desk.submit(await desk.get(document))


async def test_large_details_move(desk: Desk) -> None:
    """Details of many values are moved as well, aside from the event loop (C40)."""
    made = await desk.content_type(desk.kind("large"))
    parts = [{"old": "x" * 10, "at": number} for number in range(2_000)]
    document = await desk.create(content_type=made.name, details={"parts": parts})
    await change(desk, made, [("/parts/*/old", "/parts/*/new")])
    found = said(await desk.get(document))
    assert found == {"parts": [{"new": each["old"], "at": each["at"]} for each in parts]}
    updated = await desk.update(await desk.get(document), title="Another")
    assert said(updated) == found


@pytest.mark.parametrize(
    ("moves", "field"),
    [
        ([("/a", "/a")], "content_type.moves[0].target"),
        ([("/a", "/b"), ("/p/*/a", "/q/*/a")], "content_type.moves[1].target"),
        ([("/text", "/b")], "content_type.moves[0].source"),
        ([("/a", "/text/x")], "content_type.moves[0].target"),
    ],
)
async def test_moves_that_are_none(desk: Desk, moves: list[tuple[str, str]], field: str) -> None:
    """A move to where it was, from element to element, and of the body is refused by its field (C40)."""
    made = await desk.content_type(desk.kind("none"), body_member="text")
    refusal = await refused(change(desk, made, moves))
    assert (refusal.code, refusal.reason, [*refusal.fields]) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_MOVE", [field])


async def test_moves_have_a_bound(desk: Desk) -> None:
    """A content type moves a hundred times in its life, and a move of the contract's form at once (C40)."""
    made = await desk.content_type(desk.kind("bound"))
    for number in range(5):
        moves = [(f"/m{at}", f"/m{at + 1}") for at in range(number * 20, number * 20 + 20)]
        made = (await change(desk, made, moves)).content_type
    assert (await refused(change(desk, made, [("/x", "/y")]))).reason == "INVALID_MOVE"
    assert (await refused(change(desk, made, [("x", "/y")]))).reason == "INVALID_ARGUMENT"


async def test_saves_during_a_rename_end_up_under_the_new_name(desk: Desk) -> None:
    """Whatever is saved while a member is renamed is found under its new name, or its author was told (C40)."""
    made = await desk.content_type(desk.kind("busy"))
    documents = [await desk.create(content_type=made.name, details={"old": str(number)}) for number in range(8)]
    saves = [asyncio.create_task(desk.update(each, title="Another")) for each in documents]
    await change(desk, made, MOVES)
    for outcome in await asyncio.gather(*saves, return_exceptions=True):
        if isinstance(outcome, grpc.aio.AioRpcError):
            assert outcome.code() is grpc.StatusCode.ABORTED, outcome
    assert [said(await desk.get(each)) for each in documents] == [{"new": str(number)} for number in range(8)]
