"""Changes of content types: versions, and what becomes of the documents that are there."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from sqlalchemy import text

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1 import content_service_pb2 as content
from gazette.content.v1.content_type_change_pb2 import (
    DocumentSide,
    ListContentTypeVersionsRequest,
)
from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.document_pb2 import Document, DocumentView
from server.content.types import changing
from tests.auth.stored import events
from tests.content.desk import Desk
from tests.content.type_changes import asked, change, invalid, now, parts
from tests.refusals import Refusal, refused

OPEN: dict[str, Any] = {"type": "object"}
LIVE, DRAFT = DocumentSide.DOCUMENT_SIDE_LIVE, DocumentSide.DOCUMENT_SIDE_DRAFT


def limited(length: int, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": {"type": "string", "maxLength": length}}, **more}


async def versions(desk: Desk, name: str, size: int = 0) -> list[int]:
    request, found = ListContentTypeVersionsRequest(name=name, page_size=size), []
    while True:
        answer = await desk.content_types.ListContentTypeVersions(request, metadata=desk.author.metadata)
        found += [each.content_type.version for each in answer.versions]
        request.page_token = answer.next_page_token
        if not request.page_token:
            return found


async def test_every_version_is_kept(desk: Desk) -> None:
    """Each change makes a version, numbered, with all its settings and who made it; each can be read for ever (C39)."""
    made = await desk.content_type(desk.kind("kept"), limited(5), body_member="text", html_members=["/b"])
    talk = (await change(desk, made, title="Talk", details_schema=limited(9))).content_type
    await change(desk, talk, title="Speech", html_members=[])
    assert await versions(desk, made.name) == await versions(desk, made.name, 1) == [3, 2, 1]
    assert await now(desk, made.name, 1) == made
    assert await now(desk, made.name, 2) == talk
    assert (await now(desk, made.name)).version == 3
    request = ListContentTypeVersionsRequest(name=made.name)
    answer = await desk.content_types.ListContentTypeVersions(request, metadata=desk.author.metadata)
    assert [each.content_type.title for each in answer.versions] == ["Speech", "Talk", made.title]
    assert {each.author_id for each in answer.versions} == {str(desk.admin.id)}
    assert not any(each.content_type.details_schema.fields for each in answer.versions)
    assert [*answer.versions[2].content_type.html_members] == ["/b"]
    for call in (now(desk, made.name, 9), now(desk, made.name, 2**31 - 1), versions(desk, "absent")):
        assert (await refused(call)).reason == "CONTENT_TYPE_NOT_FOUND"


async def test_a_version_that_was_not_kept_is_kept_with_the_next(desk: Desk) -> None:
    """What a process of an earlier release has changed is kept as a version when it is changed again (C39)."""
    made = await desk.content_type(desk.kind("earlier"))
    async with desk.service.owner.begin() as connection:
        statement = text("UPDATE content_types SET title = 'Between', version = 2 WHERE name = :name")
        await connection.execute(statement, {"name": made.name})
    await change(desk, await now(desk, made.name), title="After")
    assert await versions(desk, made.name) == [3, 2, 1]
    assert (await now(desk, made.name, 2)).title == "Between"


async def test_revisions_say_by_which_version_they_were_saved(desk: Desk) -> None:
    """A revision names the content type and the version of it by which it was saved (C39)."""
    made = await desk.content_type(desk.kind("said"))
    document = await desk.create(content_type=made.name)
    await change(desk, made, title="Another")
    await desk.update(document, title="Second")
    for view in (DocumentView.DOCUMENT_VIEW_BASIC, DocumentView.DOCUMENT_VIEW_FULL):
        request = content.ListRevisionsRequest(document_id=document.id, view=view)
        answer = await desk.documents.ListRevisions(request, metadata=desk.author.metadata)
        assert [(each.content_type.name, each.content_type.version) for each in answer.revisions] == [
            (made.name, 2),
            (made.name, 1),
        ]


async def test_a_change_that_breaks_documents_is_refused(desk: Desk) -> None:
    """What would make documents invalid is refused and names how many and the first, live sides and drafts; nothing changes
    (C39)."""
    made = await desk.content_type(desk.kind("strict"), OPEN)
    live = await desk.published(content_type=made.name, details={"a": "too long"})
    await desk.update(live, details={"a": "short"})
    draft = await desk.create(content_type=made.name, details={"a": "far too long"})
    await desk.create(content_type=made.name, details={"a": "right"})
    refusal = await refused(change(desk, made, details_schema=limited(5)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "DOCUMENTS_WOULD_BE_INVALID")
    assert refusal.info.metadata["count"] == "2"
    told = precondition(refusal)
    assert [each.subject for each in told.violations] == [f"{live.id} {live.path}", f"{draft.id} {draft.path}"]
    assert "document.details.a" in told.violations[0].description
    assert await now(desk, made.name) == made
    found = await invalid(desk, made.name, asked(made, details_schema=limited(5)))
    assert [(each.id, each.side, each.revision_number) for each in found] == [(live.id, LIVE, 1), (draft.id, DRAFT, 1)]
    assert not any(each.is_invalid_already for each in found)
    assert [each.field for each in found[0].violations] == ["document.details.a"]


async def test_a_change_is_accepted_with_a_list(desk: Desk) -> None:
    """Accepted, the change is made, and the documents are listed at once and later; they do not stand in the way of the next
    change, and what is public stays as it is (C39)."""
    made = await desk.content_type(desk.kind("accepted"), OPEN)
    live = await desk.published(content_type=made.name, details={"a": "too long"})
    before = await desk.page(live.path)
    answer = await change(desk, made, accept=True, details_schema=limited(5))
    assert (answer.invalid_count, [each.id for each in answer.invalid_documents]) == (1, [live.id])
    [found] = await invalid(desk, made.name)
    assert (found.id, found.path, found.side, found.is_invalid_already) == (live.id, live.path, LIVE, True)
    [after] = await parts(desk, made.name)
    assert (after.checked_count, after.total_count, after.invalid_count, after.invalid_already_count) == (1, 1, 0, 1)
    assert after.check_token == ""
    answer = await change(desk, answer.content_type, details_schema=limited(6))
    assert answer.invalid_count == 0
    assert await desk.page(live.path) == before
    events_of_it = [each for each in await events(desk.service, "content_type.update") if each.target == made.name]
    [event] = [each for each in events_of_it if "accepted_invalid" in each.details]
    assert event.details["accepted_invalid"] == 1
    mended = await desk.update(live, details={"a": "short"})
    await desk.through_review(mended)
    assert await invalid(desk, made.name) == []


async def test_drafts_may_lack_what_they_must_have_later(desk: Desk) -> None:
    """A new required member breaks what is public or handed in, and no draft that is being written (C39)."""
    made = await desk.content_type(desk.kind("required"), OPEN)
    await desk.create(content_type=made.name)
    submitted = await desk.submit(await desk.create(content_type=made.name))
    live = await desk.published(content_type=made.name)
    found = await invalid(desk, made.name, asked(made, details_schema=limited(5, required=["a"])))
    assert [(each.id, each.side) for each in found] == [(submitted.id, DRAFT), (live.id, LIVE)]


async def test_a_title_is_changed_whatever_the_documents_are(desk: Desk) -> None:
    """What documents are not held against changes without looking at them; a name never changes (C39)."""
    made = await desk.content_type(desk.kind("titled"), OPEN)
    await desk.create(content_type=made.name, details={"a": "too long"})
    strict = (await change(desk, made, accept=True, details_schema=limited(5))).content_type
    assert (await change(desk, strict, title="Another")).content_type.title == "Another"
    request = asked(strict)
    request.update_mask.paths[:] = ["name"]
    refusal = await refused(desk.content_types.UpdateContentType(request, metadata=desk.admin.metadata))
    assert refusal.reason == "INVALID_UPDATE_MASK"


async def test_a_check_goes_part_by_part(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check names as many documents as are asked for, says how far it is, and ends with a token by which the change is made
    of a type that has too many documents for one call (C39)."""
    monkeypatch.setattr(changing, "MOST_AT_ONCE", 2)
    made = await desk.content_type(desk.kind("many"), OPEN)
    documents = [await desk.create(content_type=made.name, details={"a": "x" * length}) for length in range(1, 6)]
    refusal = await refused(change(desk, made, details_schema=limited(9)))
    assert (refusal.reason, refusal.info.metadata["count"]) == ("CHECK_NEEDED", "5")
    wanted = asked(made, details_schema=limited(2))
    answers = await parts(desk, made.name, wanted, size=1)
    assert [each.id for answer in answers for each in answer.invalid_documents] == [each.id for each in documents[2:]]
    assert [answer.checked_count for answer in answers] == [3, 4, 5]
    assert {answer.total_count for answer in answers} == {5}
    token = answers[-1].check_token
    assert token
    assert not any(answer.check_token for answer in answers[:-1])
    refusal = await refused(change(desk, made, token=token, details_schema=limited(2)))
    assert (refusal.reason, refusal.info.metadata["count"]) == ("DOCUMENTS_WOULD_BE_INVALID", "3")
    for length in (3, 9):  # of another change
        assert (await refused(change(desk, made, token=token, details_schema=limited(length)))).reason == "INVALID_PAGE_TOKEN"
    assert (await refused(change(desk, made, token=answers[0].next_page_token, details_schema=limited(2)))).reason == (
        "INVALID_PAGE_TOKEN"
    )
    for each in documents[2:4]:
        await desk.update(each, details={"a": "x"})
    refusal = await refused(change(desk, made, token=token, details_schema=limited(2)))
    assert [each.subject for each in precondition(refusal).violations] == [f"{documents[4].id} {documents[4].path}"]
    late = await desk.create(content_type=made.name, details={"a": "xxxx"})
    answer = await change(
        desk, made, token=(await parts(desk, made.name, wanted))[-1].check_token, accept=True, details_schema=limited(2)
    )
    assert {each.id for each in answer.invalid_documents} == {documents[4].id, late.id}
    assert (await refused(change(desk, answer.content_type, token=token, details_schema=limited(2)))).code in {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.ABORTED,
    }


async def test_what_is_saved_after_a_check_is_looked_at(desk: Desk) -> None:
    """A document that is saved between check and change keeps the change from being made, though the check had found nothing
    (C39)."""
    made = await desk.content_type(desk.kind("later"), OPEN)
    document = await desk.create(content_type=made.name, details={"a": "x"})
    [answer] = await parts(desk, made.name, asked(made, details_schema=limited(2)))
    assert (answer.invalid_count, bool(answer.check_token)) == (0, True)
    await desk.update(document, details={"a": "xxx"})
    refusal = await refused(change(desk, made, token=answer.check_token, details_schema=limited(2)))
    assert (refusal.reason, refusal.info.metadata["count"]) == ("DOCUMENTS_WOULD_BE_INVALID", "1")


async def test_no_document_slips_through(desk: Desk) -> None:
    """While documents are saved and a type is changed at once, each is judged by the version that it names: none that the new
    version forbids was saved by it, and none was passed over by the change (C39)."""
    made = await desk.content_type(desk.kind("race"), OPEN)

    for _ in range(5):
        current = await now(desk, made.name)
        saves = [asyncio.create_task(desk.create(content_type=made.name, details={"a": "x" * 9})) for _ in range(8)]
        outcome = await asyncio.gather(change(desk, current, details_schema=limited(5)), return_exceptions=True)
        outcomes = await asyncio.gather(*saves, return_exceptions=True)
        saved = [each for each in outcomes if isinstance(each, Document)]
        assert all(
            each.code() is grpc.StatusCode.INVALID_ARGUMENT for each in outcomes if isinstance(each, grpc.aio.AioRpcError)
        )
        if isinstance(outcome[0], grpc.aio.AioRpcError):
            assert saved, outcome[0]
        else:
            assert not await invalid(desk, made.name)
            assert not saved
            return
        async with desk.service.owner.begin() as connection:  # for another round
            for table in ("revisions", "documents"):
                column = "document_id" if table == "revisions" else "id"
                ids = [uuid.UUID(each.id) for each in saved]
                await connection.execute(text(f"DELETE FROM {table} WHERE {column} = ANY(:ids)"), {"ids": ids})


async def test_a_save_under_way_is_waited_for(desk: Desk) -> None:
    """A save that has been written, but is not committed yet, is looked at before the change is (C39)."""
    made = await desk.content_type(desk.kind("waits"), OPEN)
    document = await desk.create(content_type=made.name, details={"a": "x"})
    async with desk.service.database.transaction() as connection:
        await connection.execute(
            text('UPDATE revisions SET details = \'{"a": "xxxx"}\' WHERE document_id = :id'), {"id": uuid.UUID(document.id)}
        )
        await connection.execute(
            text("UPDATE documents SET version = version + 1, update_time = clock_timestamp() WHERE id = :id"),
            {"id": uuid.UUID(document.id)},
        )
        task = asyncio.create_task(refused(change(desk, made, details_schema=limited(2))))
        await asyncio.sleep(0.2)
        assert not task.done()
    assert (await task).reason == "DOCUMENTS_WOULD_BE_INVALID"


async def test_a_save_that_does_not_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change does not wait for long for a save that does not end, and keeps nobody else from saving meanwhile (C39)."""
    monkeypatch.setattr(changing, "LOCKED_SECONDS", 0.1)
    made = await desk.content_type(desk.kind("stuck"), OPEN)
    document = await desk.create(content_type=made.name, details={"a": "x"})
    async with desk.service.database.transaction() as connection:
        statement = text("UPDATE documents SET update_time = clock_timestamp() WHERE id = :id")
        await connection.execute(statement, {"id": uuid.UUID(document.id)})
        assert (await refused(change(desk, made, details_schema=limited(2)))).code is grpc.StatusCode.UNAVAILABLE
        await desk.create(content_type=made.name, details={"a": "x"})
    assert (await change(desk, made, details_schema=limited(2))).content_type.version == made.version + 1


async def test_only_who_writes_content_types_asks(desk: Desk) -> None:
    """Checks name documents of all organisations: they need what changes need (C39)."""
    made = await desk.content_type(desk.kind("asked"))
    local = await desk.service.account(role=Role.ROLE_ADMIN, organisation_id=desk.organisation_id)
    for person in (local, desk.publisher):
        own = Desk(desk.service, desk.organisation_id, person, person, person, person, desk.root, desk.first)
        for call in (parts(own, made.name), change(own, made, title="x")):
            assert (await refused(call)).code is grpc.StatusCode.PERMISSION_DENIED
    assert (await refused(parts(desk, "absent"))).reason == "CONTENT_TYPE_NOT_FOUND"
    refusal = await refused(parts(desk, made.name, asked(ContentType(name="another", etag="1"), title="x")))
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert (
        await refused(parts(desk, made.name, asked(ContentType(name=made.name, etag="7"), title="x")))
    ).reason == "STALE_ETAG"


def precondition(refusal: Refusal) -> error_details_pb2.PreconditionFailure:
    """What a refusal says of documents."""
    told = error_details_pb2.PreconditionFailure()
    assert any(each.Unpack(told) for each in refusal.status.details)
    return told
