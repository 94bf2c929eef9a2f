"""Texts of documents: what people write comes back in one form, and what is no text is refused with its place (C1, C11)."""

from __future__ import annotations

from typing import Any

import grpc
import httpx
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_import_pb2 import ImportOutcome
from gazette.content.v1.document_pb2 import Document
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest, ListPagesRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from tests.content.desk import Desk, imported
from tests.edge import Edge
from tests.refusals import http_reason, refused
from tests.writing import FORMS, HONEST, INVISIBLE, NASTY


async def test_real_writing_comes_back(desk: Desk) -> None:
    """Titles, summaries, bodies, tags and details of many scripts come back to the character, in the page too (C1, C11)."""
    details = {text: [text, {"x": text}] for text in HONEST}
    made = await desk.create(
        title=HONEST[0], body="\n\n".join(HONEST), tags=[" ".join(each.split()) for each in HONEST], details=details
    )
    assert made.body == "\n\n".join(HONEST)
    assert [*made.tags] == [" ".join(each.split()) for each in HONEST]
    assert made.details == details
    for text in HONEST[1::7]:
        made = await desk.update(made, title=text, summary=f"{text}\n{text}")
        assert (made.title, made.summary) == (text, f"{text}\n{text}")
    live = await desk.through_review(made)
    page = (await desk.page(live.path)).page
    assert (page.title, page.summary, [*page.tags]) == (live.title, live.summary, [*live.tags])
    assert page.details == details


async def test_texts_have_one_form(desk: Desk) -> None:
    """What is stored is in NFC, without what shows nothing around it; a body has line feeds and no byte order mark (C11)."""
    made = await desk.create(
        title="x", body="\ufeff# Re\u0301sume\u0301\r\n\r\nTwo\rthree  ", details={"cafe\u0301": "e\u0301"}
    )
    assert made.body == "# Résumé\n\nTwo\nthree  "
    assert made.details == {"café": "é"}
    for given, kept in FORMS.items():
        made = await desk.update(made, title=given, summary=f" {given}\r\n", tags=[given])
        assert (made.title, made.summary, [*made.tags]) == (kept, kept, [" ".join(kept.split())])
    live = await desk.through_review(made)
    assert '<h1 id="résumé">Résumé</h1>' in (await desk.page(live.path)).page.html


async def test_lengths_are_those_of_what_is_stored(desk: Desk) -> None:
    """A title of a thousand characters is one however it was composed, and one more is too many (C11)."""
    made = await desk.create(title=" " + "e\u0301" * 1000 + "\n")
    assert made.title == "é" * 1000
    assert [*(await refused(desk.create(title="e\u0301" * 1001))).fields] == ["document.title"]


async def test_what_is_no_text_is_refused(desk: Desk) -> None:
    """Dozens of nasty strings are refused wherever they stand, with their field and their code point (C11)."""
    made = await desk.create()
    for text, named in NASTY.items():
        wanted = Document(id=made.id, etag=made.etag, title=text, summary=text, body=text, tags=["a", text])
        wanted.details.update({"a": ["b", {"c": text}]})
        mask = FieldMask(paths=["title", "summary", "body", "tags", "details"])
        request = rpc.UpdateDocumentRequest(document=wanted, update_mask=mask)
        refusal = await refused(desk.documents.UpdateDocument(request, metadata=desk.author.metadata))
        assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT
        told = {f"document.{name}" for name in ("title", "summary", "body", "tags[1]", "details.a[1].c")}
        assert set(refusal.fields) == told, ascii(text)
        assert all(named in why for why in refusal.fields.values()), ascii(text)
    assert await desk.get(made) == made


async def test_what_shows_nothing_is_refused(desk: Desk) -> None:
    """It is no title, no tag and no comment of a reviewer; a summary of it is empty (C11)."""
    made = await desk.create()
    for text in INVISIBLE:
        assert "document.title" in (await refused(desk.create(title=text))).fields, ascii(text)
        assert "document.tags[1]" in (await refused(desk.update(made, tags=["a", text]))).fields, ascii(text)
    assert (await desk.update(made, summary="\u200b \u3164")).summary == ""
    submitted = await desk.submit(await desk.get(made))
    request = rpc.RequestChangesRequest(id=submitted.id, etag=submitted.etag, comment="\u2800")
    assert [*(await refused(desk.documents.RequestChanges(request, metadata=desk.editor.metadata))).fields] == ["comment"]


async def test_large_bodies_are_looked_through(desk: Desk) -> None:
    """A million characters are brought into their form, and what is wrong at their end is named with its place (C11)."""
    words = "Việt Nam đẹp "
    made = await desk.create(body="\ufeff" + "Vie\u0323\u0302t Nam đẹp " * (999_990 // len(words)))
    assert made.body == words * (999_990 // len(words))
    refusal = await refused(desk.create(body="é" * 900_000 + "\u202e"))
    assert "U+202E RIGHT-TO-LEFT OVERRIDE (character 900001)" in refusal.fields["document.body"]
    refusal = await refused(desk.create(body="a" + "\u0301\u0323" * 400_000))
    assert "more than 30 marks" in refusal.fields["document.body"]


async def test_a_language_is_one(desk: Desk) -> None:
    """`en-gb` is `en-GB` wherever it is given: made, listed, read, imported; what is no tag is refused with a hint (C11)."""
    path = f"{desk.root}/one"
    live = await desk.published(path, locale="en-gb")
    assert live.locale == "en-GB"
    assert (await refused(desk.create(path, locale="EN-GB"))).reason == "PATH_TAKEN"
    delivery: Any = DeliveryServiceStub(desk.service.channel)
    page = (await desk.page(path, "en-GB")).page
    for written in ("en-gb", "EN-GB", " en-GB", "en-uk"):
        assert (await delivery.GetPage(GetPageRequest(path=path, locale=written))).page == page
        listed = await delivery.ListPages(ListPagesRequest(organisation_id=desk.organisation_id, locale=written))
        assert [each.document_id for each in listed.pages] == [live.id]
        request = rpc.ListDocumentsRequest(organisation_id=desk.organisation_id, locale=written)
        found = await desk.documents.ListDocuments(request, metadata=desk.author.metadata)
        assert [each.id for each in found.documents] == [live.id]
    (result,) = await desk.bring_in(imported(path, key=live.translation_key, said={"locale": "en-gb", "title": "Again"}))
    assert (result.outcome, result.document_id) == (ImportOutcome.IMPORT_OUTCOME_UPDATED, live.id)
    assert (await desk.create(locale="iw")).locale == "he"
    for wrong in ("en_GB", "english", "en-" + "a" * 40):
        assert [*(await refused(desk.create(locale=wrong))).fields] == ["document.locale"]
        for call in (
            delivery.GetPage(GetPageRequest(path=path, locale=wrong)),
            delivery.ListPages(ListPagesRequest(locale=wrong)),
        ):
            refusal = await refused(call)
            assert (refusal.code, [*refusal.fields]) == (grpc.StatusCode.INVALID_ARGUMENT, ["locale"])
    assert "write en-GB, with hyphens" in (await refused(desk.create(locale="en_gb"))).fields["document.locale"]


async def test_a_bad_part_of_an_import_is_named(desk: Desk) -> None:
    """An imported document with what is no text is refused by itself, with its field; the next one is brought in (C11)."""
    bad = imported(f"{desk.root}/bad", said={"title": "a\u202eb"})
    good = imported(f"{desk.root}/good", said={"title": " Cafe\u0301 ", "tags": ["e\u0301"]})
    refusal, made = await desk.bring_in(bad, good)
    assert (refusal.outcome, refusal.reason) == (ImportOutcome.IMPORT_OUTCOME_REFUSED, "INVALID_ARGUMENT")
    assert "document.document.title: U+202E" in refusal.message
    assert made.outcome == ImportOutcome.IMPORT_OUTCOME_CREATED
    page = (await desk.page(f"{desk.root}/good")).page
    assert (page.title, [*page.tags]) == ("Café", ["é"])


@pytest.fixture
def author(edge: Edge) -> httpx.Client:
    return edge.client("author@example.gov")


def test_over_http(author: httpx.Client) -> None:
    """Over HTTP the same holds: forms, refusals with their fields, and one page for each way to write a language (C11)."""
    organisation = author.get("/v1/organisations").json()["organisations"][0]["id"]
    said = {
        "organisationId": organisation,
        "contentType": "harbour_guide",
        "path": "/guidance/texts-over-http",
        "title": " Cafe\u0301\u200b",
    }
    answer = author.post("/v1/documents", json={**said, "body": "\ufeff# a\r\nb", "tags": ["e\u0301"], "locale": "en-gb"})
    made = answer.raise_for_status().json()["document"]
    assert [made[name] for name in ("title", "body", "tags", "locale")] == ["Café", "# a\nb", ["é"], "en-GB"]
    for wrong, field in (
        ({"title": "\u202egnp.exe"}, "title"),
        ({"title": "\u3164"}, "title"),
        ({"tags": ["Tea", "tea"]}, "tags[1]"),
        ({"details": {"a": ["\u0007"]}}, "details.a[0]"),
        ({"locale": "en_GB"}, "locale"),
    ):
        refusal = author.post("/v1/documents", json={**said, **wrong})
        assert (refusal.status_code, http_reason(refusal)) == (400, "INVALID_ARGUMENT")
        assert refusal.json()["message"].startswith(f"{field}: ")
    assert author.get("/v1/pages", params={"locale": "en_GB"}).status_code == 400
    assert author.get("/v1/documents", params={"locale": "EN-gb"}).json()["documents"][0]["id"] == made["id"]
