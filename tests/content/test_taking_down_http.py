"""Taking down over HTTP, through Envoy: what editors send, and what readers get."""

from __future__ import annotations

import uuid
from contextlib import ExitStack, closing
from typing import Any

import httpx
import pytest

from gazette.content.v1 import taking_down_pb2 as rpc
from gazette.content.v1.removal_pb2 import Removal
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette_client import Client, errors
from tests.edge import PASSWORD, Edge
from tests.polling import wait_until
from tests.refusals import http_reason


class Newsroom:
    """The demo's people, signed in, and one page of theirs."""

    def __init__(self, edge: Edge, stack: ExitStack) -> None:
        def client(name: str = "") -> httpx.Client:
            return stack.enter_context(closing(edge.client(f"{name}@example.gov" if name else "")))

        self.author, self.editor, self.publisher, self.admin = map(client, ("author", "editor", "publisher", "admin"))
        self.public = client()
        self.organisation_id = self.author.get("/v1/organisations").raise_for_status().json()["organisations"][0]["id"]

    def published(self, title: str = "A page") -> dict[str, Any]:
        wanted = {
            "organisationId": self.organisation_id,
            "contentType": "harbour_guide",
            "path": f"/taken/{uuid.uuid4().hex}",
            "title": title,
        }
        document: dict[str, Any] = self.author.post("/v1/documents", json=wanted).raise_for_status().json()["document"]
        for client, verb in ((self.author, "submit"), (self.editor, "approve"), (self.publisher, "publish")):
            document = self.post(client, document, verb).raise_for_status().json()["document"]
        return document

    def post(self, client: httpx.Client, document: dict[str, Any], verb: str, **said: Any) -> httpx.Response:
        return client.post(f"/v1/documents/{document['id']}:{verb}", json={"etag": document["etag"], **said})

    def changed(self, client: httpx.Client, document: dict[str, Any], verb: str, **said: Any) -> dict[str, Any]:
        answer = self.post(client, document, verb, **said).raise_for_status().json()
        self.number = answer["recordNumber"]
        changed: dict[str, Any] = answer["document"]
        return changed

    def page(self, document: dict[str, Any], number: str = "") -> httpx.Response:
        headers = {"x-min-record-number": number or self.number}
        return self.public.get(f"/v1/pages{document['live']['path']}", headers=headers)


@pytest.fixture
def newsroom(edge: Edge) -> Any:
    with ExitStack() as stack:
        yield Newsroom(edge, stack)


def test_a_page_goes_through_all(newsroom: Newsroom) -> None:
    """200 with a notice, 301 with Location, 410 with why, 404, and 200 again, at once for whoever sends the number (C30, C31,
    I7)."""
    room, other = newsroom, newsroom.published("Another")
    document = room.published()
    document = room.changed(room.publisher, document, "withdraw", explanation="<p>Old</p>")
    answer = room.page(document)
    assert (answer.status_code, answer.json()["page"]["withdrawal"]["explanation"]) == (200, "<p>Old</p>")
    assert document["live"]["state"] == "LIVE_STATE_WITHDRAWN"

    way = {"location": f"{other['path']}?a=1", "coversPrefix": True}
    document = room.changed(room.publisher, document, "unpublish", redirect=way)
    answer = room.page(document)
    assert (answer.status_code, answer.headers["location"]) == (301, f"/v1/pages{other['path']}?query=a%3D1")
    assert document["live"]["coversPrefix"] is True

    gone = {"explanation": "Closed.", "location": other["path"]}
    document = room.changed(room.publisher, document, "unpublish", gone=gone, draft="DRAFT_HANDLING_KEEP")
    answer = room.page(document)
    assert answer.status_code == 410
    assert answer.json()["gone"]["alternativePath"] == other["path"]

    document = room.changed(room.publisher, document, "restore")
    answer = room.page(document)
    assert (answer.status_code, answer.json()["page"]["title"]) == (200, "A page")
    validator = {"if-none-match": answer.headers["etag"]}

    document = room.changed(room.admin, document, "unpublish", vanish={"reason": "Order 12"})
    answer = room.page(document)
    assert (answer.status_code, http_reason(answer)) == (404, "PAGE_NOT_FOUND")
    assert room.public.get(f"/v1/pages{document['live']['path']}", headers=validator).status_code == 404
    assert room.public.head(f"/v1/pages{document['live']['path']}").status_code == 404
    entry = room.public.get(f"/v1/record/{room.number}").raise_for_status().json()["entry"]["body"]
    assert (entry["kind"], entry["path"]) == ("RECORD_ENTRY_KIND_VANISHED", document["live"]["path"])


def test_refusals(newsroom: Newsroom) -> None:
    """400, 403, 404 and 409, each with its reason, and nothing has changed (C30, C31)."""
    room = newsroom
    document = room.published()

    def refused(client: httpx.Client, verb: str, **said: Any) -> tuple[int, str]:
        answer = room.post(client, document, verb, **said)
        return answer.status_code, http_reason(answer)

    gone = {"explanation": "Closed."}
    assert refused(room.publisher, "restore") == (400, "WRONG_LIVE_STATE")
    assert refused(room.publisher, "unpublish") == (400, "INVALID_ARGUMENT")
    assert refused(room.publisher, "withdraw") == (400, "INVALID_ARGUMENT")
    assert refused(room.publisher, "unpublish", redirect={"location": document["path"]}) == (400, "REDIRECT_LOOP")
    assert refused(room.publisher, "unpublish", redirect={"location": "https://a.test"}) == (400, "LOCATION_NOT_ALLOWED")
    assert refused(room.publisher, "unpublish", vanish={"reason": "Order 12"}) == (403, "PERMISSION_DENIED")
    assert refused(room.editor, "unpublish", gone=gone) == (403, "PERMISSION_DENIED")
    assert refused(room.publisher, "unpublish", gone=gone, redirect={"location": "/a"})[0] == 400
    change = {"etag": document["etag"], "title": "A draft"}
    path = f"/v1/documents/{document['id']}"
    draft = room.author.patch(path, params={"updateMask": "title"}, json=change).raise_for_status().json()["document"]
    assert refused(room.publisher, "unpublish", gone=gone) == (409, "STALE_ETAG")
    document = draft
    assert refused(room.publisher, "unpublish", gone=gone) == (400, "DRAFT_IN_PROGRESS")
    nobody = {"id": str(uuid.uuid4()), "etag": "1"}
    answer = room.post(room.publisher, nobody, "withdraw", explanation="Old")
    assert (answer.status_code, http_reason(answer)) == (404, "DOCUMENT_NOT_FOUND")
    assert room.author.get(path).json()["document"] == draft


def test_the_python_client(edge: Edge, newsroom: Newsroom) -> None:
    """The generated client takes down and restores, reads nothing older afterwards, and raises what it is refused (I7)."""
    document = newsroom.published()
    with Client(edge.grpc, email="publisher@example.gov", password=PASSWORD) as client:
        gone = rpc.UnpublishDocumentRequest(id=document["id"], etag=document["etag"], gone=Removal(explanation="Closed."))
        answer = client.content.UnpublishDocument(gone)
        assert client.record_number == answer.record_number
        assert client.delivery.GetPage(GetPageRequest(path=document["path"])).gone.explanation == "Closed."
        with pytest.raises(errors.StaleEtag):
            client.content.UnpublishDocument(gone)
        restoring = rpc.RestoreDocumentRequest(id=document["id"], etag=answer.document.etag)
        client.content.RestoreDocument(restoring)
        assert client.delivery.GetPage(GetPageRequest(path=document["path"])).page.title == "A page"
    assert wait_until(lambda: newsroom.page(document, "0").status_code == 200)
