"""What an import that restores takes, and what it does not believe."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest
from google.protobuf.struct_pb2 import Struct
from sqlalchemy import select

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1.content_service_pb2 import GetDocumentRequest
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportOptions
from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse, ListPagesRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from gazette.record.v1.record_entry_pb2 import RecordEntryBody
from server.audit.models import AuditEvent
from server.content.rendering import Renderer
from server.rpc.failures import ResourceExhausted
from tests.content.desk import Desk, imported, last_number
from tests.content.taking import VANISHED, comes_to_serve, vanish
from tests.content.transferring import (
    RESTORES,
    Message,
    admin_of_all,
    downloaded,
    exported,
    kinds,
    outcomes,
    results_of,
    uploaded,
)
from tests.polling import until
from tests.refusals import refused
from tests.service import Service


async def two_pages(desk: Desk) -> list[Message]:
    """An export of two pages, of which the second has moved, with a picture."""
    (_, picture) = await uploaded(desk)
    await desk.published("/first", body=f"*one* ![two](file:{picture})", attachments=[picture])
    moved = await desk.published("/second")
    await desk.through_review(await desk.update(moved, path="/moved"))
    parts = await exported(desk.service, desk.admin, with_files=True, for_restoring=True)
    wanted = ["organisation", "content_type", "file", "document", "record_entry", "document", "record_entry", "redirect"]
    assert kinds(parts) == wanted
    return parts


def changed(
    parts: list[Message],
    path: str,
    change: Callable[[GetPageResponse], None],
    change_body: Callable[[RecordEntryBody], None] = lambda body: None,
) -> list[Message]:
    """The export with something else served at a path, and an entry of the record that agrees with it."""
    result = [ImportDocumentsRequest.FromString(part.SerializeToString()) for part in parts]
    at = next(at for at, part in enumerate(parts) if part.document.document.path == path)
    answer, entry = GetPageResponse.FromString(parts[at + 1].chunk), result[at].document.record_entry
    change(answer)
    body = RecordEntryBody.FromString(entry.body)
    result[at + 1].chunk = answer.SerializeToString()
    change_body(body)
    body.answer_sha256 = hashlib.sha256(result[at + 1].chunk).digest()
    entry.body, entry.answer_size_bytes = body.SerializeToString(deterministic=True), len(result[at + 1].chunk)
    return result


async def test_who_may_restore_and_where(own_desk: Desk, elsewhere: Service) -> None:
    """An import that restores is for those who may import for all organisations, names none, and is only for an
    installation that has published nothing itself. There it goes on: what is published behind it has the next number,
    and ends restoring (I9)."""
    parts = await two_pages(own_desk)
    in_use = await refused(results_of(own_desk.service, own_desk.admin, RESTORES, parts))
    assert (in_use.code, in_use.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "INSTALLATION_IN_USE")
    both = ImportOptions(restores=True, organisation_id=own_desk.organisation_id)
    for options in (both, ImportOptions()):
        assert (await refused(results_of(elsewhere, own_desk.admin, options, parts))).code != grpc.StatusCode.OK
    organisation = await elsewhere.organisation("local")
    local = await elsewhere.account(role=Role.ROLE_ADMIN, organisation_id=organisation)
    assert (await refused(results_of(elsewhere, local, RESTORES, parts))).reason == "PERMISSION_DENIED"
    admin = await admin_of_all(elsewhere)
    assert (await refused(results_of(elsewhere, admin, both, parts))).code == grpc.StatusCode.INVALID_ARGUMENT

    results = await results_of(elsewhere, admin, RESTORES, parts)
    assert outcomes(results) == ["CREATED"] * 7 + ["UNCHANGED"]
    assert outcomes(await results_of(elsewhere, admin, RESTORES, parts)) == ["UNCHANGED"] * 8
    ids = [part.document.document.id for part in parts if part.HasField("document")]
    assert [each.document_id for each in results if each.document_id] == ids
    async with elsewhere.database.read() as connection:
        events = select(AuditEvent.action).where(AuditEvent.actor_id == admin.id).order_by(AuditEvent.id)
        actions = (await connection.execute(events)).scalars().all()
    assert actions == ["organisation.restore", "content_type.create", "file.restore", "document.restore", "document.restore"]

    last = await last_number(elsewhere)
    assert last == await last_number(own_desk.service)
    there = await Desk.opened(elsewhere)
    assert (await there.published("/new")).live.record_number == last + 1
    assert (await refused(results_of(elsewhere, admin, RESTORES, parts))).reason == "INSTALLATION_IN_USE"


async def test_nothing_is_believed(own_desk: Desk, elsewhere: Service) -> None:
    """Bytes that are not those of their entry, HTML that is not sanitised, a page that says something else than its
    document, a script as a link, another file: each is refused by name. The record goes on without them, and what is
    right is taken later; but an entry that is another than the one that stands there, or not the next, ends the import
    (I9)."""
    (form, _) = await uploaded(own_desk)
    for path in ("/bytes", "/title", "/html", "/link"):
        await own_desk.published(path, body="*one*")
    await own_desk.published("/file", body="*one*", attachments=[form])
    right = await exported(own_desk.service, own_desk.admin, with_files=True, for_restoring=True)
    admin = await admin_of_all(elsewhere)

    def says_html(answer: GetPageResponse) -> None:
        answer.page.html = "<p onclick=x>one</p>"

    def links_to_script(answer: GetPageResponse) -> None:
        answer.page.links["related"].pages.add(path="javascript:alert(1)", title="x")

    def names_file(answer: GetPageResponse) -> None:
        answer.page.attachments[0].name = "other.pdf"

    parts = changed(changed(changed(right, "/html", says_html), "/link", links_to_script), "/file", names_file)
    at = {part.document.document.path: at for at, part in enumerate(parts) if part.HasField("document")}
    parts[at["/title"]].document.document.title = "Another"
    parts[at["/bytes"] + 1].chunk = parts[at["/bytes"] + 1].chunk.replace(b"one", b"two")

    later = [part for number, part in enumerate(parts) if number not in {at["/bytes"], at["/bytes"] + 1}]
    gap = await refused(results_of(elsewhere, admin, RESTORES, later))
    assert (gap.code, gap.reason, gap.info.metadata["next_number"]) == (grpc.StatusCode.FAILED_PRECONDITION, "RECORD_GAP", "1")

    results = {each.source: each for each in await results_of(elsewhere, admin, RESTORES, parts)}
    told = {
        "/bytes": "SHA-256 of other bytes than those that came for /bytes",
        "/title": "another title",
        "/html": "HTML that is not sanitised",
        "/link": "leads to no path",
        "/file": "something else of a file",
    }
    assert {path: results[path].reason for path in told} == dict.fromkeys(told, "INVALID_ANSWER")
    assert [path for path, words in told.items() if words not in results[path].message] == []
    assert await last_number(elsewhere) == len(told)
    for path in told:
        assert (await refused(Desk.page_now(await Desk.opened(elsewhere), path, ""))).reason == "PAGE_NOT_FOUND"

    mended = right[: at["/title"] + 2]
    assert outcomes(await results_of(elsewhere, admin, RESTORES, mended))[-2:] == ["CREATED", "CREATED"]
    for path in ("/bytes", "/title"):
        there = await Desk.page_now(await Desk.opened(elsewhere), path, "")
        assert there.SerializeToString() == right[at[path] + 1].chunk
    other = await refused(results_of(elsewhere, admin, RESTORES, right))
    assert (other.code, other.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "RECORD_DIFFERS")


async def test_a_page_that_is_older_than_the_forms_of_texts(own_desk: Desk, elsewhere: Service) -> None:
    """It says its language and its words as they were published, and the document as they are taken now. It is restored with
    the bytes that it had, is found by the language's canonical tag, and the next export is the same (I9)."""
    await own_desk.published("/caf", locale="cy-GB", title="Caff\u00e9", summary="One\ntwo", tags=["Te", "Coffi"])

    def says_older_forms(answer: GetPageResponse) -> None:
        answer.page.locale, answer.page.title, answer.page.summary = "cy-gb", " Caffe\u0301", "One\r\ntwo "
        answer.page.tags[:] = ["Te ", "Coffi", "coffi"]

    def is_in_older_form(body: RecordEntryBody) -> None:
        body.locale = "cy-gb"

    right = await exported(own_desk.service, own_desk.admin, for_restoring=True)
    parts = changed(right, "/caf", says_older_forms, is_in_older_form)
    admin = await admin_of_all(elsewhere)
    assert outcomes(await results_of(elsewhere, admin, RESTORES, parts)) == ["CREATED"] * 3
    there = await Desk.opened(elsewhere)
    served = next(part.chunk for part in parts if part.chunk)
    assert (await there.page_now("/caf", "cy-GB")).SerializeToString() == served
    listed = await DeliveryServiceStub(elsewhere.channel).ListPages(ListPagesRequest(locale="cy-GB"))
    assert [(each.path, each.locale) for each in listed.pages] == [("/caf", "cy-GB")]
    again = await exported(elsewhere, admin, for_restoring=True)
    assert again[-2:] == parts[-2:]
    assert outcomes(await results_of(elsewhere, admin, RESTORES, parts)) == ["UNCHANGED"] * 3


async def test_restoring_has_time(own_desk: Desk, elsewhere: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where too many are before it, it waits for its turn, and does not end."""
    parts = await two_pages(own_desk)
    once, is_sanitised = [ResourceExhausted(retry_after=0.01)], Renderer.is_sanitised

    async def busy(renderer: Renderer, *arguments: Any) -> bool:
        if once:
            raise once.pop()
        return await is_sanitised(renderer, *arguments)

    monkeypatch.setattr(Renderer, "is_sanitised", busy)
    results = await results_of(elsewhere, await admin_of_all(elsewhere), RESTORES, parts)
    assert outcomes(results) == ["CREATED"] * 7 + ["UNCHANGED"]
    assert not once


async def test_what_an_ordinary_export_lacks(own_desk: Desk, elsewhere: Service) -> None:
    """A document without its entry, and one that is no message at all, cannot be restored; files without a home neither."""
    await own_desk.published("/first")
    parts = await exported(own_desk.service, own_desk.admin)
    results = await results_of(elsewhere, await admin_of_all(elsewhere), RESTORES, parts)
    assert outcomes(results) == ["CREATED", "NOT_FOR_RESTORING"]


async def test_a_type_that_became_stricter(own_desk: Desk, elsewhere: Service) -> None:
    """A page that its type would not let through any more is restored as it is. An ordinary import of it is refused, and says
    what is missing."""
    kind = await own_desk.content_type("berth")
    await own_desk.bring_in(imported("/berth", said={"content_type": "berth", "details": {"length": "long"}}))
    schema = Struct()
    schema.update({"properties": {"length": {"type": "number"}}})
    await own_desk.change_content_type(kind, details_schema=schema)
    parts = await exported(own_desk.service, own_desk.admin, for_restoring=True)
    admin, organisation = await admin_of_all(elsewhere), ImportOptions(organisation_id=await elsewhere.organisation())
    results = await results_of(elsewhere, admin, organisation, parts)
    assert outcomes(results) == ["UNCHANGED", "CREATED", "INVALID_DETAILS"]
    assert "length" in results[-1].message
    results = await results_of(elsewhere, admin, RESTORES, parts)
    assert outcomes(results) == ["CREATED", "UNCHANGED", "CREATED"]
    page = await own_desk.page("/berth")
    assert (await Desk.page_now(await Desk.opened(elsewhere), "/berth", "")).SerializeToString() == page.SerializeToString()


async def test_an_import_that_is_cut_off_is_begun_again(own_desk: Desk, elsewhere: Service) -> None:
    """What came before its client left stays; the same import brings the rest (I9)."""
    for number in range(4):
        await own_desk.published(f"/{number}")
    parts = await exported(own_desk.service, own_desk.admin, for_restoring=True)
    admin, enough = await admin_of_all(elsewhere), asyncio.Event()

    async def some() -> AsyncIterator[Message]:
        yield ImportDocumentsRequest(options=RESTORES)
        for part in parts[:7]:
            yield part
        await enough.wait()

    call = ContentServiceStub(elsewhere.channel).ImportDocuments(some(), metadata=admin.metadata)

    async def has_come() -> bool:
        return await last_number(elsewhere) >= 2

    await until(has_come)
    call.cancel()
    enough.set()
    results = await results_of(elsewhere, admin, RESTORES, parts)
    assert outcomes(results)[:4] == ["UNCHANGED"] * 4
    assert set(outcomes(results)[4:]) <= {"UNCHANGED", "CREATED"}
    there = await Desk.opened(elsewhere)
    for number in range(4):
        ours = await own_desk.page(f"/{number}")
        assert (await there.page_now(f"/{number}", "")).SerializeToString() == ours.SerializeToString()


async def test_what_has_vanished_since(own_desk: Desk, elsewhere: Service) -> None:
    """What was restored, and has vanished in the other installation since, vanishes with the next import, former path and file
    included; and the export before it does not bring it back (C31, I9)."""
    (form, _) = await uploaded(own_desk)
    document = await own_desk.published("/second", attachments=[form])
    document = await own_desk.through_review(await own_desk.update(document, path="/moved"))
    before = await exported(own_desk.service, own_desk.admin, with_files=True, for_restoring=True)
    admin = await admin_of_all(elsewhere)
    await results_of(elsewhere, admin, RESTORES, before)
    there = await Desk.opened(elsewhere)
    assert await comes_to_serve(there, "/moved", document.title)
    await vanish(own_desk, document)
    after = await exported(own_desk.service, own_desk.admin, with_files=True, for_restoring=True)
    assert document.title not in str(after)
    for parts in (after, before, after):
        assert {*outcomes(await results_of(elsewhere, admin, RESTORES, parts))} <= {"CREATED", "UNCHANGED"}
        for path in ("/moved", "/second"):
            assert await comes_to_serve(there, path, "")
        with pytest.raises(grpc.aio.AioRpcError):
            await downloaded(elsewhere, form)
    assert await last_number(elsewhere) == await last_number(own_desk.service)
    request = GetDocumentRequest(id=document.id)
    found = (await there.documents.GetDocument(request, metadata=admin.metadata)).document
    assert found.live.state == VANISHED
