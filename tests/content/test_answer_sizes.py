"""No answer is made that cannot be sent: lists end in time, and what no answer could carry is refused when saved (C10, C12)."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest
import uuid6
from sqlalchemy import insert, text

from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.organisation_service_pb2 import ReservePathRequest
from gazette.auth.v1.organisation_service_pb2_grpc import OrganisationServiceStub
from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.content_type_pb2 import ContentTypeView
from gazette.content.v1.content_type_service_pb2 import ListContentTypesRequest
from gazette.content.v1.document_import_pb2 import ExportDocumentsRequest, ImportedDocument, ImportOutcome
from gazette.content.v1.document_pb2 import BodyFormat, Document, DocumentView, LinkTargets
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest, GetPageResponse, ListPagesRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from gazette.delivery.v1.page_pb2 import Page
from server.content.documents import sizes
from server.content.documents.page_sizes import NOTES
from server.content.documents.words import words_of
from server.files.models import File
from server.organisations.models import PathReservation
from server.organisations.paths import MAX_PREFIXES
from server.rpc.answers import MOST, MOST_OF_A_LIST, MOST_OF_ONE
from server.rpc.objects import plain
from tests.content.desk import Desk, imported
from tests.refusals import Refusal, refused
from tests.service import Service

FULL = DocumentView.DOCUMENT_VIEW_FULL
WIDE = "😀"
"""A character of four bytes."""
LONG = ("body", "details", "links", "attachments")


def comment(characters: int) -> dict[str, Any]:
    """A body of so many characters of four bytes each, of which the public gets nothing."""
    return {"body": f"<!--{WIDE * (characters - 7)}-->", "body_format": BodyFormat.BODY_FORMAT_HTML}


def says_number_and_limit(refusal: Refusal, reason: str, field: str, limit: int) -> bool:
    """Whether the refusal names the field, how much there is of it, and how much there may be."""
    numbers = [int(part) for part in refusal.fields[field].replace(",", " ").split() if part.isdigit()]
    return (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason) and max(numbers) > limit in numbers


async def walk(ask: Callable[[str], Awaitable[Any]]) -> list[Any]:
    """Every answer of a list, from its beginning to its end; each can be sent."""
    answers = [await ask("")]
    while token := answers[-1].next_page_token:
        answers.append(await ask(token))
    assert all(answer.ByteSize() <= MOST for answer in answers)
    return answers


async def test_lists_leave_out_what_is_long(desk: Desk) -> None:
    """Without a view, and with BASIC, a list has no body, details, links and attachments; with FULL it has all. (C12)"""
    key = str(uuid.uuid4())
    wanted = Document(summary="s", tags=["t"], body="b", links={"a": LinkTargets(translation_keys=[key])})
    wanted.details.update({"n": 1})
    said = {field.name: value for field, value in wanted.ListFields()}
    document = await desk.create(**said, attachments=[key])
    metadata = desk.author.metadata
    for view in (DocumentView.DOCUMENT_VIEW_UNSPECIFIED, DocumentView.DOCUMENT_VIEW_BASIC, FULL):
        listed = rpc.ListDocumentsRequest(organisation_id=desk.organisation_id, view=view)
        (found,) = (await desk.documents.ListDocuments(listed, metadata=metadata)).documents
        revised = rpc.ListRevisionsRequest(document_id=document.id, view=view)
        (revision,) = (await desk.documents.ListRevisions(revised, metadata=metadata)).revisions
        expected: Any = Document()
        expected.CopyFrom(document)
        for name in () if view == FULL else LONG:
            expected.ClearField(name)
        assert found == expected
        for name in ("path", "title", "summary", "tags", "body_format", *LONG):
            assert getattr(revision, name) == getattr(expected, name), name
        assert (revision.number, revision.author_id) == (1, desk.author.id)


async def test_lists_of_content_types_leave_out_schemas(desk: Desk) -> None:
    """As those of documents leave out bodies. What is large ends a page, and the pages together have all. (C12)"""
    names = [desk.kind("weighty") for _ in range(5)]
    for name in names:
        await desk.content_type(name, {"description": WIDE * 200_000}, html_members=["/a"])

    async def ask(view: ContentTypeView.ValueType, token: str) -> Any:
        request = ListContentTypesRequest(page_size=200, view=view, page_token=token)
        return await desk.content_types.ListContentTypes(request, metadata=desk.author.metadata)

    basic = await walk(lambda token: ask(ContentTypeView.CONTENT_TYPE_VIEW_BASIC, token))
    found = [each for answer in basic for each in answer.content_types if each.name in names]
    assert sorted(each.name for each in found) == sorted(names)
    assert not any(each.HasField("details_schema") for each in found)
    assert all([*each.html_members] == ["/a"] for each in found)
    full = await walk(lambda token: ask(ContentTypeView.CONTENT_TYPE_VIEW_FULL, token))
    assert len(full) >= 3
    whole = [each for answer in full for each in answer.content_types]
    assert len({each.name for each in whole}) == len(whole)
    assert sum(each.details_schema["description"] == WIDE * 200_000 for each in whole if each.name in names) == 5


async def test_a_page_ends_where_an_answer_is_full(desk: Desk) -> None:
    """Documents and revisions as large as they may be come one after the other, none is left out, and none comes twice. Those
    that were saved before sizes were counted, too. (C12)"""
    document = await desk.create(f"{desk.root}/first", **comment(900_000))
    document = await desk.update(document, **comment(400_000))
    document = await desk.update(document, body="small")
    await desk.update(document, **comment(900_000))
    others = [await desk.create(**comment(each)) for each in (2_000, 500_000, 10, 10)]
    metadata = desk.author.metadata

    async def documents(token: str) -> Any:
        request = rpc.ListDocumentsRequest(organisation_id=desk.organisation_id, view=FULL, page_size=200, page_token=token)
        return await desk.documents.ListDocuments(request, metadata=metadata)

    async def revisions(token: str) -> Any:
        request = rpc.ListRevisionsRequest(document_id=document.id, view=FULL, page_size=100, page_token=token)
        return await desk.documents.ListRevisions(request, metadata=metadata)

    for forgets in (False, True):
        if forgets:
            async with desk.service.owner.begin() as connection:
                statement = text("UPDATE revisions SET size_bytes = NULL WHERE document_id = ANY(:ids)")
                await connection.execute(statement, {"ids": [uuid.UUID(each.id) for each in (document, *others)]})
        found = await walk(documents)
        ids = [each.id for answer in found for each in answer.documents]
        assert sorted(ids) == sorted(each.id for each in (document, *others))
        assert len(found) >= 2
        seen = await walk(revisions)
        assert [each.number for answer in seen for each in answer.revisions] == [4, 3, 2, 1]
        assert len(seen) >= 3
        assert all(len(answer.revisions) == 1 or answer.ByteSize() <= MOST_OF_A_LIST + 1_000 for answer in seen)


async def test_a_document_is_as_large_as_an_answer(desk: Desk) -> None:
    """At the limit it is saved and shown by every method that shows documents; one byte more is refused when it is saved, with
    the field, the number and the limit, also where it comes by several updates. (C10)"""
    details = Document().details
    details.update({"text": "a" * 100_000})
    said: dict[str, Any] = {**comment(900_000), "details": details}
    wanted = desk.draft(f"{desk.root}/edge", **said)
    left = MOST_OF_ONE - sizes.size(words_of(wanted, plain(details)))
    details.update({"text": "a" * (100_000 + left)})
    document = await desk.create(wanted.path, **said)
    assert MOST_OF_ONE - 3_000 < document.ByteSize() <= MOST_OF_ONE
    assert await desk.get(document) == document
    refusal = await refused(desk.update(document, title=f"{document.title}!"))
    assert says_number_and_limit(refusal, "DOCUMENT_TOO_LARGE", "document.body", MOST_OF_ONE)
    assert refusal.fields["document.body"].endswith(f"{MOST_OF_ONE + 1} bytes in all, and may have {MOST_OF_ONE}")
    await desk.through_review(document)
    request = ExportDocumentsRequest(organisation_id=desk.organisation_id)
    exported = desk.documents.ExportDocuments(request, metadata=desk.author.metadata)
    assert [part.document.document.details async for part in exported if part.HasField("document")] == [details]
    small = await desk.update(await desk.create(f"{desk.root}/several", **comment(800_000)), title="Small")
    details.update({"text": "a" * 1_200_000})
    refusal = await refused(desk.update(small, details=details))
    assert says_number_and_limit(refusal, "DOCUMENT_TOO_LARGE", "document.body", MOST_OF_ONE)
    assert await desk.get(small) == small


async def linked(desk: Desk, title: str) -> Document:
    return await desk.published(f"{desk.root}/{uuid.uuid4().hex[:8]}", title=title)


async def test_links_are_counted_when_they_are_saved(desk: Desk) -> None:
    """A page with a thousand links to long titles is refused when it is saved, as an import too; with as many as fit it is
    published. Where the titles have grown since, publication says so, and so does the next save. (C10)"""
    target, short = await linked(desk, WIDE * 1_000), await linked(desk, "short")
    each = 4_000 + len(target.path) + 36 + 64

    def links(document: Document, count: int) -> dict[str, LinkTargets]:
        targets = [LinkTargets(translation_keys=[document.translation_key] * each) for each in (count // 2, count - count // 2)]
        return {"more": targets[0], "related": targets[1]}

    fitting = (MOST - 10_000 - NOTES) // each
    refusal = await refused(desk.create(links=links(target, fitting + 20)))
    assert says_number_and_limit(refusal, "PAGE_TOO_LARGE", "document.links", MOST)
    document = await desk.published(f"{desk.root}/many", links=links(target, fitting))
    page = await desk.page(document.path)
    assert sum(len(each.pages) for each in page.page.links.values()) == fitting
    assert MOST - 200_000 < page.ByteSize() <= MOST
    refusal = await refused(desk.update(document, links=links(target, 1_900)))
    assert says_number_and_limit(refusal, "PAGE_TOO_LARGE", "document.links", MOST)
    (result,) = await desk.bring_in(imported(f"{desk.root}/in", said={"links": links(target, 1_900)}))
    assert (result.outcome, result.reason) == (ImportOutcome.IMPORT_OUTCOME_REFUSED, "PAGE_TOO_LARGE")

    draft = await desk.create(f"{desk.root}/later", links=links(short, 1_900))
    approved = await desk.approve(await desk.submit(draft))
    short = await desk.get(short)
    await desk.through_review(await desk.update(short, title=WIDE * 1_000))
    refusal = await refused(desk.publish(approved))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "PAGE_TOO_LARGE")
    assert str(MOST) in refusal.status.message
    refusal = await refused(desk.update(approved, title="Again"))
    assert says_number_and_limit(refusal, "PAGE_TOO_LARGE", "document.links", MOST)
    mended = await desk.through_review(await desk.update(approved, links=links(short, 10)))
    assert mended.live.revision_number == 2


async def test_files_are_counted_when_they_are_saved(desk: Desk, service: Service) -> None:
    """A page whose files say much for those who cannot see them is refused when it is saved. (C10)"""
    ids = [uuid6.uuid7() for _ in range(500)]
    shared = {"organisation_id": uuid.UUID(desk.organisation_id), "name": "a.pdf", "content_type": "application/pdf"}
    shared |= {"size_bytes": 1, "sha256": "0" * 64, "state": 2, "alternative_text": WIDE * 1_000}
    shared |= {"author_id": uuid.UUID(desk.author.id)}
    async with service.owner.begin() as connection:
        await connection.execute(insert(File), [{**shared, "id": id, "blob_key": f"none/{id}"} for id in ids])
    attachments, body = [str(id) for id in ids], "<p>" + "a" * 999_000
    said: dict[str, Any] = {"body": body, "body_format": BodyFormat.BODY_FORMAT_HTML}
    details = Document().details
    details.update({"text": "a" * 1_200_000})
    refusal = await refused(desk.create(attachments=attachments, details=details, **said))
    assert says_number_and_limit(refusal, "PAGE_TOO_LARGE", "document.attachments", MOST)
    document = await desk.published(attachments=attachments, **said)
    page = (await desk.page(document.path)).page
    assert len(page.attachments) == 500
    assert page.ByteSize() <= MOST


async def test_a_content_type_is_as_large_as_an_answer(desk: Desk) -> None:
    """A schema that leaves no room for what else a content type says is refused, also where that comes afterwards. (C10)"""
    refusal = await refused(desk.content_type(desk.kind("huge"), {"description": "a" * MOST_OF_ONE}))
    assert says_number_and_limit(refusal, "CONTENT_TYPE_TOO_LARGE", "content_type.details_schema", MOST_OF_ONE)
    made = await desk.content_type(desk.kind("large"), {"description": "a" * (MOST_OF_ONE - 40_000)})
    members = [f"/{WIDE * 190}{at}" for at in range(100)]
    refusal = await refused(desk.change_content_type(made, html_members=members))
    assert says_number_and_limit(refusal, "CONTENT_TYPE_TOO_LARGE", "content_type.details_schema", MOST_OF_ONE)
    again = await desk.change_content_type(made, title="Another")
    assert again.html_members == made.html_members


async def test_lists_of_long_summaries(desk: Desk) -> None:
    """Lists of pages and of documents end before an answer becomes too large, and their tokens lead on to the rest. (C12)"""
    said = {"summary": WIDE * 10_000}
    made = await desk.bring_in(*(imported(f"{desk.root}/{at}", said=said) for at in range(60)))
    assert {result.outcome for result in made} == {ImportOutcome.IMPORT_OUTCOME_CREATED}
    delivery: Any = DeliveryServiceStub(desk.service.channel)

    async def pages(token: str) -> Any:
        return await delivery.ListPages(ListPagesRequest(organisation_id=desk.organisation_id, page_size=100, page_token=token))

    async def documents(token: str) -> Any:
        request = rpc.ListDocumentsRequest(organisation_id=desk.organisation_id, page_size=200, page_token=token)
        return await desk.documents.ListDocuments(request, metadata=desk.author.metadata)

    listed = await walk(pages)
    assert len(listed) == 2
    assert len({each.path for answer in listed for each in answer.pages}) == 60
    found = await walk(documents)
    assert len(found) == 2
    assert len({each.id for answer in found for each in answer.documents}) == 60
    assert all(answer.ByteSize() <= MOST_OF_A_LIST + 1_000 for answer in (*listed, *found))


async def test_an_import_ends_where_its_answer_is_full(desk: Desk) -> None:
    """An answer names every part; where it could name no more, the import ends, and says what it has done. (C12)"""
    bad = ImportedDocument(source=WIDE * 1_000)
    good = imported(f"{desk.root}/good")
    refusal = await refused(desk.bring_in(good, *[bad] * 1_100))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "IMPORT_TOO_LARGE")
    assert refusal.info.metadata["created"] == "1"
    assert (await desk.page(good.document.path)).page.title


async def test_what_was_stored_before_it_was_counted(desk: Desk, service: Service) -> None:
    """A page of an older release that no answer can carry is refused in our own words, over HTTP as 413. (C12)"""
    document = await desk.published(f"{desk.root}/old")
    stored = GetPageResponse(page=Page(html="a" * MOST)).SerializeToString()
    async with service.owner.begin() as connection:
        statement = text("UPDATE pages SET answer = :answer WHERE path = :path")
        await connection.execute(statement, {"answer": stored, "path": document.path})
    stub: Any = DeliveryServiceStub(service.channel)
    request = GetPageRequest(path=document.path, locale="en")
    refusal = await refused(stub.GetPage(request))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "ANSWER_TOO_LARGE")
    assert refusal.info.metadata == {"size": str(len(stored)), "limit": str(MOST)}
    with pytest.raises(grpc.aio.AioRpcError) as transcoded:
        await stub.GetPage(request, metadata=(("x-envoy-original-method", "GET"),))
    assert dict(transcoded.value.trailing_metadata() or ())["x-http-status"] == "413"


async def test_saving_says_how_long_publication_took(desk: Desk) -> None:
    """A document says how long its last publication took, since its last publication: on saving, too, and of an import."""
    document = await desk.create(f"{desk.root}/timed")
    assert not document.live.HasField("publish_duration")
    published = await desk.through_review(document)
    assert 0 < published.live.publish_duration.ToTimedelta().total_seconds() < 60
    saved = await desk.update(published, title="Another")
    assert saved.live.publish_duration == published.live.publish_duration == (await desk.get(saved)).live.publish_duration
    (result,) = await desk.bring_in(imported(f"{desk.root}/in"))
    assert (await desk.get(Document(id=result.document_id))).live.publish_duration.nanos > 0


async def test_an_organisation_is_as_large_as_an_answer(desk: Desk, service: Service) -> None:
    """It has at most two thousand path prefixes, with which it is shown; one more is refused, one that it has is not. (C10)"""
    organisation_id, root = desk.organisation_id, desk.root.strip("/")
    metadata = (await service.account(role=Role.ROLE_ADMIN)).metadata
    async with service.owner.begin() as connection:
        rows = [{"prefix": f"{root}/{at}", "organisation_id": uuid.UUID(organisation_id)} for at in range(MAX_PREFIXES - 1)]
        await connection.execute(insert(PathReservation), rows)
    stub: Any = OrganisationServiceStub(service.channel)

    def reserve(name: str) -> Any:
        return stub.ReservePath(ReservePathRequest(organisation_id=organisation_id, prefix=f"{root}/{name}"), metadata=metadata)

    assert len((await reserve("last")).organisation.path_prefixes) == MAX_PREFIXES
    refusal = await refused(reserve("beyond"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "TOO_MANY_PREFIXES")
    assert refusal.info.metadata["limit"] == str(MAX_PREFIXES)
    assert len((await reserve("last")).organisation.path_prefixes) == MAX_PREFIXES
