"""What publication makes of a document: the page, the record, and what moves leave behind."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from typing import Any

import grpc
from google.protobuf.struct_pb2 import Struct

from gazette.content.v1.document_pb2 import BodyFormat, Document, LinkTargets
from gazette.content.v1.publish_check_pb2 import PublishCheck, PublishCheckLevel, PublishCheckSetting
from gazette.delivery.v1.delivery_service_pb2 import ListPagesRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from gazette.delivery.v1.page_pb2 import PageState
from gazette.files.v1.file_service_pb2 import GetFileRequest
from gazette.files.v1.file_service_pb2_grpc import FileServiceStub
from gazette.record.v1.record_entry_pb2 import RecordEntryKind
from server.rpc.objects import plain
from tests.content.desk import Desk
from tests.content.dom import Dom
from tests.files.uploading import PDF, PNG, send, upload_of
from tests.refusals import refused

PUBLISHED = RecordEntryKind.RECORD_ENTRY_KIND_PUBLISHED
REDIRECTED = RecordEntryKind.RECORD_ENTRY_KIND_REDIRECTED

EVIL = (
    "<h2 id=a onclick=alert(1)>Hi</h2><script>alert(1)</script><a href='javascript:alert(1)'>x</a><img src=x onerror=alert(1)>"
)


async def test_a_page_is_what_the_document_says(desk: Desk) -> None:
    """A page has the document's words, its rendered body, and the record's number and time; the list shows it too."""
    document = await desk.published(f"{desk.root}/a/page", summary="S", body="**b**", tags=["t"], details={"n": 5, "l": ["x"]})
    page = (await desk.page(f"{desk.root}/a/page")).page
    for field in (
        "organisation_id",
        "content_type",
        "locale",
        "translation_key",
        "path",
        "title",
        "summary",
        "details",
        "tags",
    ):
        assert getattr(page, field) == getattr(document, field), field
    assert (page.document_id, page.html, page.state) == (
        document.id,
        "<p><strong>b</strong></p>\n",
        PageState.PAGE_STATE_PUBLISHED,
    )
    for field in ("record_number", "publish_time", "first_publish_time", "public_update_time"):
        assert getattr(page, field) == getattr(document.live, field), field
    assert not page.HasField("withdrawal")
    assert not page.HasField("claimed_times")
    (listed,) = (
        await DeliveryServiceStub(desk.service.channel).ListPages(ListPagesRequest(organisation_id=desk.organisation_id))
    ).pages
    assert (listed.document_id, listed.path, listed.title, listed.publish_time) == (
        document.id,
        page.path,
        page.title,
        page.publish_time,
    )


async def test_the_record_has_what_was_served(desk: Desk) -> None:
    """Publication is an entry of the record, with the hash of the very bytes that the path serves."""
    document = await desk.published(f"{desk.root}/a")
    answer = await desk.page(f"{desk.root}/a")
    (entry,) = await desk.record()
    assert (entry.number, entry.kind, entry.path, entry.locale) == (desk.first + 1, PUBLISHED, f"{desk.root}/a", "en")
    assert (entry.document_id, entry.revision_number, entry.record_time) == (document.id, 1, document.live.publish_time)
    assert entry.answer_sha256 == hashlib.sha256(answer.SerializeToString()).digest()


async def test_drafts_are_not_there(desk: Desk) -> None:
    """A draft's path answers exactly as an absent one, cold and warm, and editing never changes what is live (Z6)."""
    document = await desk.create(f"{desk.root}/secret")
    for _ in range(2):
        absent, draft = await refused(desk.page(f"{desk.root}/absent")), await refused(desk.page(f"{desk.root}/secret"))
        assert (draft.code, draft.info, draft.status.message) == (absent.code, absent.info, absent.status.message)
    document = await desk.through_review(document)
    before = await desk.page(f"{desk.root}/secret")
    document = await desk.approve(
        await desk.submit(await desk.update(document, title="Not yet", path=f"{desk.root}/elsewhere"))
    )
    assert await desk.page(f"{desk.root}/secret") == before
    assert (await refused(desk.page(f"{desk.root}/elsewhere"))).reason == "PAGE_NOT_FOUND"


async def test_what_is_published_is_harmless(desk: Desk) -> None:
    """Body and the members that hold HTML are sanitised in the page, and kept as they were written in the document (C6)."""
    kind = desk.kind("parts")
    off = PublishCheckLevel.PUBLISH_CHECK_LEVEL_OFF
    settings = [PublishCheckSetting(check=each, level=off) for each in PublishCheck.values() if each]
    await desk.content_type(kind, html_members=["/parts/*/body"], publish_checks=settings)
    details = {"parts": [{"body": EVIL, "code": EVIL}]}
    for format in BodyFormat.values():
        document = await desk.published(content_type=kind, body=EVIL, body_format=format, details=details)
        page = (await desk.page(document.path)).page
        assert Dom(page.html).dangers() == []
        assert Dom(page.html).all("h2")[0].attributes == {"id": "a"}
        (part,) = plain(page.details)["parts"]
        assert Dom(part["body"]).dangers() == []
        assert part["code"] == EVIL
        assert (document.body, plain(document.details)) == (EVIL, details)


async def test_all_that_is_stored_renders(desk: Desk) -> None:
    """Numbers at the ends of their range and deep nesting come through publication as they were given (C2, C4)."""
    numbers = desk.kind("numbers")
    details = Struct()
    details.update(
        {
            "big": 1.7976931348623157e308,
            "tiny": 5e-324,
            "whole": 2**53 - 1,
            "beyond": 6.02214076e23,
            "minus": -0.5,
            "none": None,
        }
    )
    nested: Any = "end"
    for _ in range(14):
        nested = [nested]
    details.update({"deep": nested})
    await desk.content_type(numbers, {"properties": {"big": {"type": "number"}, "whole": {"type": "integer"}}})
    document = await desk.published(content_type=numbers, details=details)
    assert (await desk.page(document.path)).page.details == details


async def test_a_second_publication(desk: Desk) -> None:
    """The first time stays, the update is noticed unless it is minor, and the path serves the newest revision at once."""
    first = await desk.published(f"{desk.root}/a", body="one")
    second = await desk.through_review(await desk.update(first, body="two"))
    minor = await desk.through_review(await desk.update(second, body="three"), minor=True)
    times = [
        (each.live.first_publish_time, each.live.publish_time, each.live.public_update_time) for each in (first, second, minor)
    ]
    assert times[0][0] == times[1][0] == times[2][0] == times[0][1]
    assert times[0][1].ToNanoseconds() < times[1][1].ToNanoseconds() < times[2][1].ToNanoseconds()
    assert times[1][2] == times[1][1] == times[2][2]
    page = (await desk.page(f"{desk.root}/a")).page
    assert (page.html, page.record_number, page.public_update_time) == ("<p>three</p>\n", minor.live.record_number, times[1][2])


async def test_translations_share_a_path(desk: Desk) -> None:
    """Two locales of one document may be read at one path, each as itself."""
    english = await desk.published(f"{desk.root}/a", title="House")
    await desk.published(f"{desk.root}/a", title="Tŷ", locale="cy", translation_key=english.translation_key)
    assert [(await desk.page(f"{desk.root}/a", locale)).page.title for locale in ("", "en", "cy")] == ["House", "House", "Tŷ"]


async def test_links_are_expanded(desk: Desk) -> None:
    """A page links to its targets in its own locale, or else in another, in order; what is not live is left out."""
    both = await desk.published(f"{desk.root}/both", title="Both")
    await desk.published(f"{desk.root}/both", title="Dau", locale="cy", translation_key=both.translation_key)
    english = await desk.published(f"{desk.root}/english", title="English")
    draft = await desk.create()
    keys = [english.translation_key, draft.translation_key, both.translation_key, str(uuid.uuid4())]
    links = {"related": LinkTargets(translation_keys=keys), "parent": LinkTargets(translation_keys=[draft.translation_key])}
    document = await desk.published(f"{desk.root}/linking", locale="cy", links=links)
    page = (await desk.page(f"{desk.root}/linking", "cy")).page
    assert [*page.links] == ["related"]
    assert [(each.title, each.locale, each.path, each.content_type) for each in page.links["related"].pages] == [
        ("English", "en", f"{desk.root}/english", "guide"),
        ("Dau", "cy", f"{desk.root}/both", "guide"),
    ]
    assert document.links["related"].translation_keys == keys


async def test_a_move_leaves_a_redirect(desk: Desk) -> None:
    """A live document that moves leaves a redirect at its old path, both on the record, the page first; each move anew."""
    document = await desk.published(f"{desk.root}/first")
    await desk.page(f"{desk.root}/first")
    document = await desk.through_review(await desk.update(document, path=f"{desk.root}/second"))
    assert document.live.path == f"{desk.root}/second"
    assert (await desk.page(f"{desk.root}/first")).redirect.location == f"{desk.root}/second"
    assert (await desk.page(f"{desk.root}/second")).page.document_id == document.id
    assert [(each.number, each.kind, each.path) for each in await desk.record()] == [
        (desk.first + 1, PUBLISHED, f"{desk.root}/first"),
        (desk.first + 2, PUBLISHED, f"{desk.root}/second"),
        (desk.first + 3, REDIRECTED, f"{desk.root}/first"),
    ]
    document = await desk.through_review(await desk.update(document, path=f"{desk.root}/first"))
    assert (await desk.page(f"{desk.root}/first")).page.path == f"{desk.root}/first"
    assert (await desk.page(f"{desk.root}/second")).redirect.location == f"{desk.root}/first"
    assert (
        len(
            (
                await DeliveryServiceStub(desk.service.channel).ListPages(
                    ListPagesRequest(organisation_id=desk.organisation_id)
                )
            ).pages
        )
        == 1
    )


async def test_a_live_path_is_taken(desk: Desk) -> None:
    """Where another document is still read nothing can be published; where only its redirect is left, it can."""
    moving = await desk.published(f"{desk.root}/wanted")
    moving = await desk.update(moving, path=f"{desk.root}/new-place")
    waiting = await desk.approve(await desk.submit(await desk.create(f"{desk.root}/wanted")))
    refusal = await refused(desk.publish(waiting))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "PATH_TAKEN")
    assert (await desk.page(f"{desk.root}/wanted")).page.document_id == moving.id
    moving = await desk.through_review(moving)
    waiting = await desk.publish(waiting)
    assert (await desk.page(f"{desk.root}/wanted")).page.document_id == waiting.id
    moving = await desk.through_review(await desk.update(moving, path=f"{desk.root}/third-place"))
    assert (await desk.page(f"{desk.root}/wanted")).page.document_id == waiting.id
    assert (await desk.page(f"{desk.root}/new-place")).redirect.location == f"{desk.root}/third-place"


async def test_many_publish_at_once(desk: Desk) -> None:
    """Documents that are published at the same moment each get a number of their own, without a gap."""
    ready = [await desk.approve(await desk.submit(await desk.create())) for _ in range(8)]
    live = await asyncio.gather(*(desk.publish(document) for document in ready))
    numbers = [*range(desk.first + 1, desk.first + 9)]
    assert sorted(each.live.record_number for each in live) == numbers
    assert [each.number for each in await desk.record()] == numbers


async def test_of_two_publications_one_happens(desk: Desk) -> None:
    """A publish that is sent twice at once publishes once."""
    ready = await desk.approve(await desk.submit(await desk.create()))
    outcomes = await asyncio.gather(*(desk.publish(ready) for _ in range(5)), return_exceptions=True)
    assert len([each for each in outcomes if isinstance(each, Document)]) == 1
    assert len(await desk.record()) == 1


async def test_files_become_public_with_their_page(desk: Desk) -> None:
    """A page names its files in the order that its author gave, and they are public from then on."""
    harbour = upload_of(desk.organisation_id, PNG, "a.png", alternative_text="A harbour")
    png = (await send(desk.service, desk.author, harbour, PNG)).file
    pdf = (await send(desk.service, desk.author, upload_of(desk.organisation_id, PDF, "form.pdf"), PDF)).file
    await desk.published(f"{desk.root}/a", attachments=[png.id, pdf.id])
    attachments = (await desk.page(f"{desk.root}/a")).page.attachments
    assert [(each.id, each.name, each.content_type, each.size_bytes, each.alternative_text) for each in attachments] == [
        (png.id, "a.png", "image/png", len(PNG), "A harbour"),
        (pdf.id, "form.pdf", "application/pdf", len(PDF), ""),
    ]
    files = FileServiceStub(desk.service.channel)
    for file in (png, pdf):
        assert (await files.GetFile(GetFileRequest(id=file.id))).file.HasField("publish_time")


async def test_files_of_others(desk: Desk) -> None:
    """Another organisation's file cannot be made public by naming it."""
    elsewhere = await desk.service.organisation()
    theirs = (await send(desk.service, desk.admin, upload_of(elsewhere, PNG), PNG)).file
    ready = await desk.approve(await desk.submit(await desk.create(attachments=[theirs.id])))
    assert (await refused(desk.publish(ready))).reason == "ATTACHMENT_NOT_FOUND"


async def test_files_that_are_not_there(desk: Desk) -> None:
    """A document whose files are not there is not published, and nothing of it is left anywhere."""
    missing = str(uuid.uuid4())
    ready = await desk.approve(await desk.submit(await desk.create(f"{desk.root}/a", attachments=[missing])))
    refusal = await refused(desk.publish(ready))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "ATTACHMENT_NOT_FOUND")
    assert refusal.info.metadata["attachments"] == missing
    assert await desk.record() == []
    assert (await refused(desk.page(f"{desk.root}/a"))).code == grpc.StatusCode.NOT_FOUND


async def test_a_schema_may_change_before_publication(desk: Desk) -> None:
    """What was approved is checked once more against the content type as it is when it is published."""
    notice = desk.kind("notice")
    content_type = await desk.content_type(notice)
    ready = await desk.approve(await desk.submit(await desk.create(content_type=notice)))
    await desk.change_content_type(content_type, details_schema={"required": ["number"]})
    refusal = await refused(desk.publish(ready))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "INVALID_DETAILS")
