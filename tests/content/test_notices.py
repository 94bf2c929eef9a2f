"""What of a text does not reach its readers as it was written is named to whoever saves it (C21)."""

from __future__ import annotations

import uuid
from contextlib import closing
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_import_pb2 import ImportOutcome
from gazette.content.v1.document_pb2 import BodyFormat, Document, LiveState
from gazette.content.v1.notice_pb2 import Notice
from server.content.rendering import work
from server.content.transfer import results as transfer
from tests.content.desk import Desk, imported
from tests.content.dom import Dom
from tests.content.test_costly_bodies import refusal
from tests.edge import Edge

MARKDOWN, HTML = BodyFormat.BODY_FORMAT_MARKDOWN, BodyFormat.BODY_FORMAT_HTML
LOSSY = "# a\n\n![b](data:image/png;base64,AA)\n\n> <iframe\n> src=/a></iframe>\n\n`<iframe>` ![c](data:image/png;base64,BB)\n"


async def create(desk: Desk, *, key: str = "", **said: Any) -> rpc.CreateDocumentResponse:
    metadata = (*desk.author.metadata, *((("idempotency-key", key),) if key else ()))
    path = f"{desk.root}/{key or uuid.uuid4().hex}"
    request = rpc.CreateDocumentRequest(document=desk.draft(path, **said))
    answer: rpc.CreateDocumentResponse = await desk.documents.CreateDocument(request, metadata=metadata)
    return answer


def told(notices: Any) -> list[tuple[str, int, str, int]]:
    return [(each.field, each.line, each.reason, each.count) for each in notices]


IMAGES = ("document.body", 3, "IMAGE_DROPPED", 2)
FRAME = ("document.body", 5, "ELEMENT_DROPPED", 1)


async def test_what_is_lost_is_named_when_it_is_saved(desk: Desk) -> None:
    """A create and an update answer it, with lines; it is kept, and gone when the text is mended. (C21)"""
    key = uuid.uuid4().hex
    answers = [await create(desk, key=key, body=LOSSY) for _ in range(2)]
    assert answers[0] == answers[1], "a repeated create answers the same"
    assert told(answers[0].notices) == [IMAGES, FRAME]
    assert "data:" in answers[0].notices[0].message
    document = answers[0].document
    found = await desk.documents.GetDocument(rpc.GetDocumentRequest(id=document.id), metadata=desk.author.metadata)
    assert found.notices == answers[0].notices

    async def update(document: Document, **changed: Any) -> rpc.UpdateDocumentResponse:
        wanted = Document(id=document.id, etag=document.etag, **changed)
        request = rpc.UpdateDocumentRequest(document=wanted, update_mask=FieldMask(paths=[*changed]))
        answer: rpc.UpdateDocumentResponse = await desk.documents.UpdateDocument(request, metadata=desk.author.metadata)
        return answer

    renamed = await update(document, title="Another")
    assert told(renamed.notices) == [IMAGES, FRAME]
    mended = await update(renamed.document, body="# a")
    assert not mended.notices
    found = await desk.documents.GetDocument(rpc.GetDocumentRequest(id=document.id), metadata=desk.author.metadata)
    assert not found.notices
    await desk.through_review(mended.document)
    assert (await desk.page(document.path)).page.html == '<h1 id="a">a</h1>\n'


async def test_members_that_hold_html_have_notices_too(desk: Desk) -> None:
    """By their place in `details`, behind those of the body. (C21)"""
    kind = desk.kind("noticed")
    await desk.content_type(kind, html_members=["/parts/*/body"])
    wanted = Document()
    wanted.details.update({"parts": [{"body": "<b>fine</b>"}, {"body": "<p>\n<b style='x'>a</b>"}], "other": "<script>"})
    answer = await create(desk, content_type=kind, details=wanted.details, body="<a href='ftp://b'>c</a>")
    place = "document.details.parts[1].body"
    assert told(answer.notices) == [("document.body", 1, "LINK_DROPPED", 1), (place, 2, "ATTRIBUTE_DROPPED", 1)]


async def test_no_more_notices_than_are_read(desk: Desk) -> None:
    """Fifty of a document, twenty of a part of an import, and the last one counts what is not listed. (C21)"""
    body = "".join(f"<p a{at}=1>x</p>\n" for at in range(70))
    notices = (await create(desk, body=body, body_format=HTML)).notices
    assert (len(notices), notices[-1].reason, notices[-1].count) == (50, "MORE_NOTICES", 21)
    assert sum(each.count for each in notices) == 70
    (result,) = await desk.bring_in(imported(f"{desk.root}/many", said={"body": body, "body_format": HTML}))
    assert (len(result.notices), result.notices[-1].reason, result.notices[-1].count) == (20, "MORE_NOTICES", 51)


async def test_an_import_names_what_is_lost(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each document, explanations too; nothing of what was imported before; and no more of all together than an answer
    holds. (C21)"""
    gone = LiveState.LIVE_STATE_GONE
    parts = [
        imported(f"{desk.root}/lossy", said={"body": LOSSY}),
        imported(f"{desk.root}/gone", live_state=gone, explanation="<p>a\n<script>b</script>"),
        imported(f"{desk.root}/fine", said={"body": "**fine**"}),
    ]
    results = await desk.bring_in(*parts)
    assert [told(each.notices) for each in results] == [[IMAGES, FRAME], [("explanation", 2, "ELEMENT_DROPPED", 1)], []]
    again = await desk.bring_in(*parts)
    assert {each.outcome for each in again} == {ImportOutcome.IMPORT_OUTCOME_UNCHANGED}
    assert not any(each.notices for each in again)
    monkeypatch.setattr(transfer, "MAX_NOTICES_BYTES", 250)
    many = [imported(f"{desk.root}/many/{at}", said={"body": LOSSY}) for at in range(3)]
    reasons = [[each.reason for each in result.notices] for result in await desk.bring_in(*many)]
    assert reasons == [["IMAGE_DROPPED", "ELEMENT_DROPPED"], ["MORE_NOTICES"], ["MORE_NOTICES"]]


async def test_too_many_abbreviations_are_refused(desk: Desk) -> None:
    """As many as are looked for everywhere are few; and what they stand for does not multiply the text. (C9)"""
    for body in (
        "\n".join(f"*[a{at}]: b" for at in range(501)),
        "*[a]: " + "b" * 10_000 + "\n\n" + "a " * 1_000,
    ):
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await create(desk, body=body)
        reason, ((field, description),) = refusal(error.value)
        assert (error.value.code(), reason, field) == (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOO_LARGE", "document.body")
        assert sum(part.strip(",.").isdigit() for part in description.split()) == 2, "number and limit"
    most = "\n".join(f"*[a{at}]: b" for at in range(500))
    assert (await create(desk, body=f"{most}\n\na0")).notices[0].line == 2


def test_notices_over_http(edge: Edge) -> None:
    """As JSON, of a create, an update and a read. (C21)"""
    with closing(edge.client("author@example.gov")) as author:
        organisation_id = author.get("/v1/organisations").json()["organisations"][0]["id"]
        said = {
            "organisationId": organisation_id,
            "contentType": "harbour_guide",
            "title": "Tides",
            "body": "a\n<blink>b</blink>",
        }
        answer = author.post("/v1/documents", json=said | {"path": f"/guidance/{uuid.uuid4().hex}"})
        assert answer.status_code == 201, answer.text
        (notice,) = answer.json()["notices"]
        message = "<blink> is left out; what it holds stays"
        assert notice == {
            "field": "document.body",
            "line": 2,
            "reason": "ELEMENT_DROPPED",
            "message": message,
            "count": 1,
        }
        document = answer.json()["document"]
        where = f"/v1/documents/{document['id']}"
        assert author.get(where).json()["notices"] == [notice]
        changed = {"etag": document["etag"], "body": "a"}
        answer = author.patch(where, params={"updateMask": "body"}, json=changed)
        assert answer.is_success, answer.text
        assert not answer.json().get("notices")


LINES = {
    "<b>\n<x>": 2,
    "a\r\n\r\n$C\r\nb\r\n$C\r\n\r\n<x>": 7,
    "$CTA\na\n\n- b <x>\n$CTA": 4,
    "> a\n> <x>": 2,
    "- a\n\n  <div\n  class=b><x>": 4,
    "a\n\n[^b]: c\n\n    <x>": 5,
    "s1. a\ns2. <x>": 2,
    "```\n<x>\n```\n`<x>` <!-- <x> -->\n<x>": 5,
    "é漢\n\n|a|\n|-|\n|<x>|": 5,
}


def test_lines_are_those_of_the_text() -> None:
    """Whatever stands before it, and is rewritten before it is parsed. (C21)"""
    for body, line in LINES.items():
        _, found = work.body_html(body, MARKDOWN, {})
        assert [(each["line"], each["reason"], each["count"]) for each in found] == [(line, "ELEMENT_DROPPED", 1)], body
        assert Notice(**found[0]).message == "<x> is left out; what it holds stays"


def test_what_means_something_is_kept_or_named() -> None:
    """The language of a whole text, and definitions that are overruled, are named; what was no footnote is not. (C21)"""
    named = {
        '<html lang="cy"><body class="a" dir="rtl"><p>b</p></body></html>': ["ATTRIBUTE_DROPPED", "ATTRIBUTE_DROPPED"],
        "[a]: /b\n[a]: /b\n\n[a]": [],
        "[a]: /b\n\n```\n[a]: /c\n```\n[a]": [],
        "[a]: /b\n[A]: /c\n\n[a]": ["DEFINITION_UNUSED"],
        "[a]: /b\n[a]: /c": ["DEFINITION_UNUSED"],
        "\\[^1] a[^1]\n\n[^1]: b": [],
        "*[A]: b\n*[A]: b\n\nA": [],
        "c *[A]: b* **[A](/b)**": [],
        "c\n*[A]: b*": [],
    }
    for body, reasons in named.items():
        assert [each["reason"] for each in work.body_html(body, MARKDOWN, {})[1]] == reasons, body
    assert work.rendered("*a*\nb `c`\n: d", MARKDOWN).startswith("<dl>\n<dt><em>a</em></dt>\n<dt>b <code>c</code></dt>\n<dd>")
    assert work.rendered("*a\nb*\n: d", MARKDOWN).startswith("<dl>\n<dt><em>a\nb</em></dt>\n<dd>")
    written = "<dl><dt>\na\n</dt></dl>"
    assert work.rendered(written, MARKDOWN).strip() == written


def test_ids_are_unique() -> None:
    """Headings and footnotes take no id that is there, and no two the same. (C6)"""
    body = (
        '## A\n\n## A {#a-1}\n\n## A\n\n<p id="a">b</p>\n<p id="fn:1">c</p>\n\n## ">&<\n\n## Ŵyth हिन्दी\n\nd[^1] e[^1]\n\n'
        "[^1]: ## f\n\n[^2]: g\n\n## 1\n\n## 2"
    )
    html = work.rendered(body, MARKDOWN)
    ids = [each.attributes["id"] for each in Dom(html).elements if "id" in each.attributes]
    assert len(ids) == len({*ids})
    assert {"a", "a-1", "a-2", "a-3", "ŵyth-हिन्दी", "section", "section-1", "fn:1", "fn-:1", "fn-ref:1:2"} <= {*ids}
    targets = {each.attributes["href"] for each in Dom(html).elements if each.tag == "a"}
    assert {target.removeprefix("#") for target in targets} <= {*ids}
