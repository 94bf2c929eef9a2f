"""Bodies and their cost: what is too much is refused when it is saved, and what was saved is published (C9, C10)."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import ExitStack, closing
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from sqlalchemy import text

from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_import_pb2 import ImportOutcome
from gazette.content.v1.document_pb2 import BodyFormat, Document, DocumentView, LiveState
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from server.content.rendering import bounds, renderer
from tests.content.desk import Desk, imported
from tests.edge import Edge
from tests.service import Service
from tests.soak import some_of

MARKDOWN, HTML = BodyFormat.BODY_FORMAT_MARKDOWN, BodyFormat.BODY_FORMAT_HTML
MOST = 1_000_000

SENTENCE = "Boats of **any** length may moor, see [the guide](/guidance/moor), if they are *registered*. "
ROWS = "| A band of it | 12.5 | 2020-01-01 | 2021-01-01 |\n" * 40
HONEST = {
    "prose": (SENTENCE * 6 + "\n\n", MARKDOWN),
    "tables": ("| Band | Rate | From | To |\n|---|---:|---|---|\n" + ROWS + "\n", MARKDOWN),
    "a list": ("- a\n", MARKDOWN),
    "lists in lists": ("- a\n  - b\n    - c\n      1. d\n", MARKDOWN),
    "links": ("[the guide](/guidance/moor-a-boat) <https://example.gov> ![a](/b.png)\n\n", MARKDOWN),
    "characters of three bytes": ("漢字" * 166 + "\n\n", MARKDOWN),
    "HTML": (f"<div class='a'><h2>Who</h2><ul><li>{SENTENCE}</li></ul><p>{SENTENCE}</div>\n", HTML),
}

WIDE = "|" + "a|" * 181 + "\n|" + "-|" * 181 + "\n"
UNCLOSED = "".join(f"<b id=x{at}>" for at in range(2_000)) + "<p>a" * 2_000
SOME_UNCLOSED = "".join(f"<b id=x{at}>" for at in range(190))
COSTLY = {
    "references": ("[a]: /" + "x" * 17_000 + "\n\n" + "[a][a]" * 3_000, MARKDOWN, "PAGE_TOO_LARGE"),
    "tables": ((WIDE + "|a\n" * 362 + "\n") * 8, MARKDOWN, "PAGE_TOO_LARGE"),
    "a table with short rows": ("|" + "a|" * 2_000 + "\n|" + "-|" * 2_000 + "\n" + "|a\n" * 300, MARKDOWN, "PAGE_TOO_LARGE"),
    "lists in lists": ("<ul><li>" * 125_000, HTML, "PAGE_TOO_LARGE"),
    "lists in lists in Markdown": ("<ul><li>" * 125_000, MARKDOWN, "PAGE_TOO_LARGE"),
    "quotes in quotes": (">" * 300 + "a", MARKDOWN, "PAGE_TOO_LARGE"),
    "formatting that is not closed": (UNCLOSED, HTML, "PAGE_TOO_LARGE"),
    "the same, closed wrongly": (UNCLOSED.replace("<p>", "</i>" * 9 + "<p>"), HTML, "PAGE_TOO_LARGE"),
    "formatting in many paragraphs": ("<p>" + SOME_UNCLOSED + "<p>a" * 3_000, HTML, "PAGE_TOO_LARGE"),
    "attributes": ("<p " + " ".join(f"a{at}=1" for at in range(100_000)) + ">", HTML, "TOO_COSTLY_TO_RENDER"),
}


def refusal(error: grpc.aio.AioRpcError) -> tuple[str, list[tuple[str, str]]]:
    """The reason, and the fields that were wrong with their descriptions."""
    status = status_pb2.Status.FromString(dict(error.trailing_metadata() or ())["grpc-status-details-bin"])
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad)
    return info.reason, [(each.field, each.description) for each in bad.field_violations]


@pytest.mark.parametrize("kind", some_of(HONEST, "lists in lists", "HTML"))
async def test_a_million_characters_are_published(desk: Desk, kind: str) -> None:
    """What is long and honest is saved, changed and published, each within the deadline of a call, and served whole. (C10)"""
    unit, body_format = HONEST[kind]
    body = (unit * MOST)[:MOST]
    document = await desk.create(f"{desk.root}/long", body=body, body_format=body_format)
    document = await desk.update(document, title="Another")
    await desk.through_review(document)
    page = (await desk.page(f"{desk.root}/long")).page
    assert page.title == "Another"
    assert max(page.html.count(each) for each in ("<p>", "<li>", "<tr>")) > 300
    assert len(page.html) > MOST // 2


@pytest.mark.parametrize("kind", some_of(COSTLY, "references", "tables", "lists in lists", "quotes in quotes", "attributes"))
async def test_what_is_too_costly_is_refused_when_it_is_saved(desk: Desk, kind: str) -> None:
    """A body that would take for ever or become more than can be served is refused by every way in, with the field, the number
    and the limit; nothing of it is stored, and the next body is rendered as ever. (C9, C10)"""
    body, body_format, reason = COSTLY[kind]
    document = await desk.create(f"{desk.root}/kept", body="kept")
    with pytest.raises(grpc.aio.AioRpcError) as created:
        await desk.create(f"{desk.root}/new", body=body, body_format=body_format)
    with pytest.raises(grpc.aio.AioRpcError) as updated:
        await desk.update(document, body=body, body_format=body_format)
    for failure in (created.value, updated.value):
        assert failure.code() == grpc.StatusCode.INVALID_ARGUMENT
        told, ((field, description),) = refusal(failure)
        assert (told, field) == (reason, "document.body")
        assert sum(part.strip(",.").replace(".", "").isdigit() for part in description.split()) >= 2, "number and limit"
    said = {"body": body, "body_format": body_format}
    refused, taken = await desk.bring_in(
        imported(f"{desk.root}/in", said=said), imported(f"{desk.root}/also", said={"body": "<i>fine</i>"})
    )
    assert (refused.outcome, refused.reason) == (ImportOutcome.IMPORT_OUTCOME_REFUSED, refusal(created.value)[0])
    assert "document.body" in refused.message
    assert taken.outcome == ImportOutcome.IMPORT_OUTCOME_CREATED
    assert await desk.get(document) == document
    assert (await desk.page(f"{desk.root}/also")).page.html == "<p><i>fine</i></p>\n"


async def test_members_that_hold_html_are_bounded(desk: Desk) -> None:
    """What is too much in `details` is refused by its place there, and what is not is sanitised. (C9, C10)"""
    kind = desk.kind("parted")
    await desk.content_type(kind, html_members=["/parts/*/body"])
    fine: list[Any] = [{"body": f"<b onclick=x>{at}</b>", "n": at} for at in range(300)]
    wanted = Document(details=None)
    for deep in ("<ul><li>" * 300, "<div>" * 100_000):
        wanted.details.update({"parts": [*fine, {"body": deep}]})
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await desk.create(content_type=kind, details=wanted.details)
        reason, ((field, _),) = refusal(error.value)
        assert (error.value.code(), reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOO_LARGE")
        assert field == "document.details.parts[300].body"
    wanted.details.update({"parts": fine})
    document = await desk.published(f"{desk.root}/parted", content_type=kind, details=wanted.details)
    parts: Any = (await desk.page(document.path)).page.details["parts"]
    assert [(part["body"], part["n"]) for part in parts] == [(f"<b>{at}</b>", at) for at in range(300)]


async def test_an_explanation_is_bounded(desk: Desk) -> None:
    """Why something is gone is HTML, too: of an import, which goes on. (C9)"""
    path, gone = f"{desk.root}/gone", LiveState.LIVE_STATE_GONE
    hostile = "<ul><li>" * 1_200
    refused, taken = await desk.bring_in(
        imported(path, live_state=gone, explanation=hostile), imported(path, live_state=gone, explanation="<p>Wrong<script>")
    )
    assert (refused.outcome, refused.reason) == (ImportOutcome.IMPORT_OUTCOME_REFUSED, "PAGE_TOO_LARGE")
    assert refused.message.startswith("explanation")
    assert taken.outcome == ImportOutcome.IMPORT_OUTCOME_CREATED
    assert (await desk.page(path)).gone.explanation == "<p>Wrong</p>"


async def test_a_page_and_its_details_fit_one_answer(desk: Desk) -> None:
    """Each alone could be sent, both together not: refused when saved, also where they come one after the other. (C10)"""
    wanted = Document()
    wanted.details.update({"text": "a" * 2_000_000})
    body = "漢" * 600_000
    document = await desk.create(body=body)
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await desk.update(document, details=wanted.details)
    reason, ((field, description),) = refusal(error.value)
    assert (error.value.code(), reason, field) == (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOO_LARGE", "document.body")
    assert str(bounds.MAX_PAGE_BYTES) in description


@pytest.mark.soak
async def test_full_details_are_published(desk: Desk) -> None:
    """Details with as many values as they may have, members of HTML among them, and links and tags to the last element: all
    that is saved is published within the deadline of a call. (C10)"""
    kind = desk.kind("full")
    schema = {"properties": {"rows": {"items": {"required": ["body", "n"], "properties": {"n": {"type": "number"}}}}}}
    await desk.content_type(kind, schema, html_members=["/rows/*/body"])
    wanted = Document(tags=[f"tag {at}" for at in range(100)])
    for at in range(19):
        wanted.links[f"kind_{at}"].translation_keys.extend(str(uuid.uuid4()) for _ in range(100 if at < 18 else 81))
    wanted.details.update({"rows": [{"body": "<p>ü</p>" * 40, "n": at} for at in range(8_000)]})
    said = {"details": wanted.details, "links": wanted.links, "tags": wanted.tags}
    document = await desk.published(f"{desk.root}/full", content_type=kind, body="word " * 20_000, **said)
    page = (await desk.page(document.path)).page
    assert page.details == wanted.details
    assert len(page.tags) == 100
    assert page.ByteSize() > 3_000_000


async def set_rendering(service: Service, document: Document, assignment: str, **given: Any) -> None:
    async with service.owner.begin() as connection:
        statement = text(f"UPDATE revisions SET {assignment} WHERE document_id = :id AND number = :number")
        await connection.execute(statement, {"id": uuid.UUID(document.id), "number": document.revision_number, **given})


async def approved(desk: Desk, **said: Any) -> Document:
    return await desk.approve(await desk.submit(await desk.create(f"{desk.root}/{uuid.uuid4().hex}", **said)))


async def test_what_was_rendered_when_it_was_saved_is_published(desk: Desk, service: Service) -> None:
    """Publication takes what saving has kept, and renders nothing. (C10)"""
    document = await approved(desk, body="**new**")
    await set_rendering(service, document, "html = '<p>kept</p>'")
    await desk.publish(document)
    assert (await desk.page(document.path)).page.html == "<p>kept</p>"


async def test_what_was_saved_by_another_renderer_is_rendered_anew(desk: Desk, service: Service) -> None:
    """A revision from before renderings were kept, one of an older renderer, and one whose content type has since named members
    that hold HTML are rendered when they are published. (C6, C10)"""
    for assignment in ("html = NULL, html_details = NULL, renderer = NULL", "html = '<p>old</p>', renderer = '\\x00'"):
        document = await approved(desk, body="**new**")
        await set_rendering(service, document, assignment)
        await desk.publish(document)
        assert (await desk.page(document.path)).page.html == "<p><strong>new</strong></p>\n"
    content_type = await desk.content_type(desk.kind("grown"))
    wanted = Document()
    wanted.details.update({"note": "<b onclick=x>a</b>"})
    document = await approved(desk, content_type=content_type.name, details=wanted.details)
    await desk.change_content_type(content_type, html_members=["/note"])
    await desk.publish(document)
    assert (await desk.page(document.path)).page.details["note"] == "<b>a</b>"


async def test_an_old_draft_that_is_too_much_says_so(desk: Desk, service: Service) -> None:
    """A draft that was saved before there were bounds is refused with what is wrong with it, and can be mended. (C10)"""
    document = await approved(desk, body="fine")
    gone = "html = NULL, renderer = NULL, body = :body"
    await set_rendering(service, document, gone, body=">" * 900 + "a")
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await desk.publish(document)
    assert (error.value.code(), refusal(error.value)[0]) == (grpc.StatusCode.FAILED_PRECONDITION, "PAGE_TOO_LARGE")
    assert "document.body" in (error.value.details() or "")
    await desk.through_review(await desk.update(document, body="mended"))
    assert (await desk.page(document.path)).page.html == "<p>mended</p>\n"


@pytest.mark.soak
async def test_readers_are_answered_meanwhile(desk: Desk, service: Service) -> None:
    """While bodies are rendered that take all the time they may, pages are read, and small bodies saved. (C9)"""
    await desk.published(f"{desk.root}/read", body="**read**")
    await desk.page(f"{desk.root}/read")
    costly, body_format, _ = COSTLY["attributes"]
    attacks = [asyncio.create_task(desk.create(body=costly, body_format=body_format)) for _ in range(2)]
    stub: Any = DeliveryServiceStub(service.channel)
    reads = 0
    while not all(attack.done() for attack in attacks):
        assert (await stub.GetPage(GetPageRequest(path=f"{desk.root}/read"))).page.html
        reads += 1
        if reads % 10 == 0:
            await desk.create(body="small")
    assert reads > 20
    for attack in attacks:
        error = attack.exception()
        assert isinstance(error, grpc.aio.AioRpcError)
        assert error.code() in {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.DEADLINE_EXCEEDED}


@pytest.mark.parametrize(
    "rows",
    [
        "| Band | 12.5 | 2020-01-01 |\n" * 35_000,
        pytest.param("| 1 | 2 |\n" * 95_000 + "| Tide | 12.5 |\n" * 3_000, marks=pytest.mark.soak),
    ],
)
def test_a_long_table_is_served_to_the_web(edge: Edge, rows: str) -> None:
    """A page of a million characters of table comes through Envoy whole, as JSON. (C10)"""
    path, columns = f"/guidance/{uuid.uuid4().hex}", rows.index("\n") // 7
    people = {who: edge.client(f"{who}@example.gov") for who in ("author", "editor", "publisher")}
    with ExitStack() as stack:
        author, editor, publisher = (stack.enter_context(closing(each)) for each in people.values())
        organisation_id = author.get("/v1/organisations").json()["organisations"][0]["id"]
        body = ("|" + " a |" * columns + "\n|" + "-|" * columns + "\n" + rows)[:MOST]
        wanted = {
            "organisationId": organisation_id,
            "contentType": "harbour_guide",
            "path": path,
            "title": "Tides",
            "body": body,
        }
        answer = author.post("/v1/documents", json=wanted)
        for client, step in ((author, "submit"), (editor, "approve"), (publisher, "publish")):
            assert answer.is_success, answer.text[:500]
            document = answer.json()["document"]
            answer = client.post(f"/v1/documents/{document['id']}:{step}", json={"etag": document["etag"]})
        assert answer.is_success, answer.text[:500]
        page = author.get(f"/v1/pages{path}")
        assert page.status_code == 200, page.text[:500]
        assert page.json()["page"]["html"].count("<tr>") > 30_000


PLAIN = [
    "",
    "word",
    "# A & B\n\n~~old~~ **new**\n\n- x\n  - y\n\n1. z\n\n[a](/b) ![c](/d.png)\n",
    "2020-01-01 +44 20 7946 0958",
]


@pytest.mark.parametrize("body", PLAIN)
def test_what_cannot_be_costly_needs_no_process(body: str) -> None:
    """Ordinary short Markdown is rendered where it is."""
    assert renderer.is_cheap(body, MARKDOWN)


@pytest.mark.parametrize(
    "body", ["<b>", "|a|", "[a]: /b", "> " * 9, "- " * 9, "1. " * 9, "> - + * " * 3, "$C", "s1. a", "^a^", "a" * 2_501]
)
def test_what_could_be_costly_gets_one(body: str) -> None:
    """All that multiplies, and all HTML, is rendered in a process that can be ended. (C9)"""
    assert not renderer.is_cheap(f"a\n{body}", MARKDOWN)
    assert not renderer.is_cheap("a", HTML)


async def test_a_list_of_revisions_has_no_renderings(desk: Desk) -> None:
    """What is kept for publication stays in the house."""
    document = await desk.create(body="**a**")
    request = rpc.ListRevisionsRequest(document_id=document.id, view=DocumentView.DOCUMENT_VIEW_FULL)
    answer = await desk.documents.ListRevisions(request, metadata=desk.author.metadata)
    assert [each.body for each in answer.revisions] == ["**a**"]
