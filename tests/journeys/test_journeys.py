"""The main job, from a login to a citizen's screen, as internal services do it and as web clients do."""

from __future__ import annotations

import asyncio
import io
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from gazette.auth.v1.auth_service_pb2 import GetMeRequest
from gazette.content.v1 import content_service_pb2 as content
from gazette.content.v1.document_pb2 import Document, DraftState, LiveState
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest, ListPagesRequest
from gazette.record.v1.record_service_pb2 import GetRecordEntryRequest
from gazette_client import AsyncClient, errors
from server.demo.files import form_pdf, harbour_png
from tests.edge import PASSWORD, Edge

AUTHOR, EDITOR, PUBLISHER = "author@example.gov", "editor@example.gov", "publisher@example.gov"
BODY = "Open **daily**. <script>alert(1)</script>"


def client(edge: Edge, email: str) -> AsyncClient:
    return AsyncClient(edge.grpc, email=email, password=PASSWORD)


async def test_over_grpc(edge: Edge, tmp_path: Path) -> None:
    """Over gRPC: login, upload, write, review, publish, read; and what may not be done is refused on the way."""
    path = f"/journeys/{uuid.uuid4().hex}"
    async with client(edge, AUTHOR) as author, client(edge, EDITOR) as editor, client(edge, PUBLISHER) as publisher:
        me = (await author.auth.GetMe(GetMeRequest())).account
        organisation_id = me.grants[0].organisation_id
        file = await author.upload(io.BytesIO(form_pdf()), organisation_id, name="form.pdf", alternative_text="A form")
        wanted = Document(
            organisation_id=organisation_id,
            content_type="harbour_guide",
            path=path,
            title="Opening times",
            body=BODY,
            attachments=[file.id],
        )
        made = (await author.content.CreateDocument(content.CreateDocumentRequest(document=wanted))).document
        with pytest.raises(errors.NotFound):
            await author.delivery.GetPage(GetPageRequest(path=path))
        submitted = await author.content.SubmitDocument(content.SubmitDocumentRequest(id=made.id, etag=made.etag))
        with pytest.raises(errors.PermissionDenied):
            await author.content.ApproveDocument(content.ApproveDocumentRequest(id=made.id, etag=submitted.document.etag))
        approve = content.ApproveDocumentRequest(id=made.id, etag=submitted.document.etag)
        approved = (await editor.content.ApproveDocument(approve)).document
        assert approved.draft.state == DraftState.DRAFT_STATE_APPROVED
        with pytest.raises(errors.PermissionDenied):
            await editor.content.PublishDocument(content.PublishDocumentRequest(id=made.id, etag=approved.etag))
        publish = content.PublishDocumentRequest(id=made.id, etag=approved.etag)
        published = (await publisher.content.PublishDocument(publish)).document
        assert published.live.state == LiveState.LIVE_STATE_PUBLISHED
    async with AsyncClient(edge.grpc) as public:
        page = await read(public, path)
        assert (page.title, page.record_number) == ("Opening times", published.live.record_number)
        assert "<strong>daily</strong>" in page.html
        assert "script" not in page.html
        assert [(each.id, each.name) for each in page.attachments] == [(file.id, "form.pdf")]
        await public.download(file.id, tmp_path / "saved.pdf")
        assert (tmp_path / "saved.pdf").read_bytes() == form_pdf()
        listed = await public.delivery.ListPages(ListPagesRequest(content_type="harbour_guide"))
        assert path in [each.path for each in listed.pages]
        entry = (await public.record.GetRecordEntry(GetRecordEntryRequest(number=page.record_number))).entry
        assert (entry.body.path, entry.body.document_id) == (path, made.id)


async def read(public: AsyncClient, path: str) -> Any:
    """The page, as soon as the process that is asked has heard of it (a second at most: I4)."""
    async with asyncio.timeout(1):
        while True:
            try:
                return (await public.delivery.GetPage(GetPageRequest(path=path))).page
            except errors.NotFound:
                await asyncio.sleep(0.02)


def act(client: httpx.Client, document: dict[str, Any], verb: str, **more: Any) -> dict[str, Any]:
    answer = client.post(f"/v1/documents/{document['id']}:{verb}", json={"etag": document["etag"], **more})
    found: dict[str, Any] = answer.raise_for_status().json()["document"]
    return found


def reason(answer: httpx.Response) -> tuple[int, str]:
    """The HTTP status, and the reason of the ErrorInfo in the body."""
    body = answer.json()
    info = [detail for detail in body["details"] if detail["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"]
    assert info[0]["domain"] == "gazette"
    return answer.status_code, info[0]["reason"]


def test_over_http(edge: Edge) -> None:
    """Over HTTP through Envoy: the same, with the statuses, headers and JSON that web clients rely on."""
    path = f"/journeys/{uuid.uuid4().hex}"
    author, editor, publisher, public = (edge.client(email) for email in (AUTHOR, EDITOR, PUBLISHER, ""))
    me = author.get("/v1/auth/me").raise_for_status().json()["account"]
    organisation_id = me["grants"][0]["organisationId"]

    query = {"organisationId": organisation_id, "name": "harbour.png", "alternativeText": "A harbour"}
    uploaded = author.post("/v1/files:upload", params=query, content=harbour_png(), headers={"content-type": "image/png"})
    assert uploaded.status_code == 201
    file = uploaded.json()["file"]
    assert uploaded.headers["location"] == f"/v1/files/{file['id']}"
    assert reason(public.get(f"/v1/files/{file['id']}:download")) == (404, "FILE_NOT_FOUND")

    wanted = {
        "organisationId": organisation_id,
        "contentType": "harbour_guide",
        "path": path,
        "title": "Opening times",
        "body": BODY,
        "attachments": [file["id"]],
    }
    created = author.post("/v1/documents", json=wanted)
    assert created.status_code == 201
    document = created.json()["document"]
    assert created.headers["location"] == f"/v1/documents/{document['id']}"
    assert reason(public.get(f"/v1/documents/{document['id']}")) == (401, "UNAUTHENTICATED")
    assert reason(public.get(f"/v1/pages{path}")) == (404, "PAGE_NOT_FOUND")

    change = {"title": "Opening hours", "etag": document["etag"]}
    answer = author.patch(f"/v1/documents/{document['id']}", params={"updateMask": "title"}, json=change)
    document = answer.raise_for_status().json()["document"]
    stale = author.patch(f"/v1/documents/{document['id']}", params={"updateMask": "title"}, json=change)
    assert reason(stale) == (409, "STALE_ETAG")
    document = act(author, document, "submit")
    refused = author.post(f"/v1/documents/{document['id']}:approve", json={"etag": document["etag"]})
    assert reason(refused) == (403, "PERMISSION_DENIED")
    document = act(editor, document, "request-changes", comment="Say when it is closed.")
    change = {"body": BODY + " Closed on Mondays.", "etag": document["etag"]}
    answer = author.patch(f"/v1/documents/{document['id']}", params={"updateMask": "body"}, json=change)
    document = act(author, answer.raise_for_status().json()["document"], "submit")
    document = act(editor, document, "approve")
    document = act(publisher, document, "publish")
    assert document["live"]["state"] == "LIVE_STATE_PUBLISHED"
    revisions = author.get(f"/v1/documents/{document['id']}/revisions").raise_for_status().json()["revisions"]
    assert [revision["number"] for revision in revisions] == [3, 2, 1]

    page = wait_for(public, f"/v1/pages{path}")
    assert page.headers["cache-control"].startswith("public, max-age=")
    assert page.headers["etag"] == f'W/"{document["live"]["recordNumber"]}"'
    assert page.json()["page"]["title"] == "Opening hours"
    assert "script" not in page.json()["page"]["html"]
    again = public.get(f"/v1/pages{path}", headers={"if-none-match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = public.head(f"/v1/pages{path}")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", page.headers["etag"])
    download = public.get(f"/v1/files/{file['id']}:download")
    assert (download.status_code, download.content) == (200, harbour_png())
    assert download.headers["content-type"] == "image/png"
    assert "inline" in download.headers["content-disposition"]
    assert author.post("/v1/auth/logout", json={}).status_code == 200
    for each in (author, editor, publisher, public):
        each.close()


def wait_for(public: httpx.Client, url: str) -> httpx.Response:
    """The page, as soon as every process has heard of it."""
    for _ in range(50):
        answer = public.get(url)
        if answer.status_code == 200:
            return answer
    raise AssertionError(f"{url}: {answer.status_code}")


def test_an_edit_of_what_is_live(edge: Edge) -> None:
    """Editing what is live changes nothing that the public sees, until it is published."""
    author = edge.client(AUTHOR)
    listed = author.get("/v1/documents", params={"contentType": "harbour_notice", "liveState": "LIVE_STATE_PUBLISHED"})
    document = author.get(f"/v1/documents/{listed.json()['documents'][0]['id']}").json()["document"]
    before = author.get(f"/v1/pages{document['path']}").json()
    change = {"title": "Changed and not published", "etag": document["etag"]}
    saved = author.patch(f"/v1/documents/{document['id']}", params={"updateMask": "title"}, json=change)
    assert saved.json()["document"]["draft"]["state"] == "DRAFT_STATE_DRAFT"
    assert author.get(f"/v1/pages{document['path']}").json() == before


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "/v1/auth/login", {"email": AUTHOR, "password": "wrong-password"}, 401, "INVALID_CREDENTIALS"),
        ("POST", "/v1/documents", {"title": "x"}, 400, "INVALID_ARGUMENT"),
        ("GET", "/v1/documents/not-an-id", None, 400, "INVALID_ARGUMENT"),
        ("GET", "/v1/documents/0190a5a0-0000-7000-8000-000000000000", None, 404, "DOCUMENT_NOT_FOUND"),
        ("GET", "/v1/documents?pageToken=nonsense", None, 400, "INVALID_PAGE_TOKEN"),
        ("POST", "/v1/content-types", {"name": "x", "title": "X"}, 403, "PERMISSION_DENIED"),
        ("GET", "/health/detailed", None, 403, "PERMISSION_DENIED"),
        ("GET", "/v1/record/99999999", None, 404, "RECORD_ENTRY_NOT_FOUND"),
    ],
)
def test_refusals_over_http(edge: Edge, method: str, path: str, body: Any, status: int, said: str) -> None:
    """A refusal over HTTP is a JSON google.rpc.Status with its ErrorInfo, under the status that fits."""
    with closing(edge.client(AUTHOR)) as author:
        answer = author.request(method, path, json=body)
        assert answer.headers["content-type"].startswith("application/json")
        assert reason(answer) == (status, said)
