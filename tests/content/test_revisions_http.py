"""Revisions, deleting and previews over HTTP, through Envoy, as web clients do it."""

from __future__ import annotations

import uuid
from contextlib import closing
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from tests.edge import Edge
from tests.refusals import http_reason

MEMBERS_OF_A_PREVIEW = {"draft", "draftRevisionNumber", "recordNumber", "publishTime", "firstPublishTime", "publicUpdateTime"}


@pytest.fixture
def document(edge: Edge) -> dict[str, Any]:
    """A new draft of the demo's organisation, saved twice."""
    with closing(edge.client("author@example.gov")) as author:
        organisation = author.get("/v1/organisations").json()["organisations"][0]["id"]
        wanted = {
            "contentType": "harbour_guide",
            "path": f"/guidance/{uuid.uuid4().hex}",
            "title": "Tides",
            "body": "In and out.",
        }
        made = (
            author.post("/v1/documents", json={**wanted, "organisationId": organisation}).raise_for_status().json()["document"]
        )
        changed = {"etag": made["etag"], "body": "In and in."}
        answer = author.patch(f"/v1/documents/{made['id']}", params={"updateMask": "body"}, json=changed)
        found: dict[str, Any] = answer.raise_for_status().json()["document"]
        return found


def step(client: httpx.Client, document: dict[str, Any], verb: str, **said: Any) -> dict[str, Any]:
    answer = client.post(f"/v1/documents/{document['id']}:{verb}", json={"etag": document["etag"], **said})
    found: dict[str, Any] = answer.raise_for_status().json()["document"]
    return found


def test_revisions(edge: Edge, document: dict[str, Any]) -> None:
    """One is read, two are compared, one is restored, and a draft is given up once there is something to go back to."""
    with closing(edge.client("author@example.gov")) as author, closing(edge.client("editor@example.gov")) as editor:
        revisions = f"/v1/documents/{document['id']}/revisions"
        assert author.get(f"{revisions}/1").json()["revision"]["body"] == "In and out."
        assert http_reason(author.get(f"{revisions}/7")) == "REVISION_NOT_FOUND"
        changed = author.get(f"{revisions}:diff", params={"from": "1", "to": "newest"}).raise_for_status().json()
        assert [each["field"] for each in changed["fields"]] == ["body"]
        assert changed["html"].strip() == "<p>In and <del>out</del><ins>in</ins>.</p>"
        restored = author.post(f"{revisions}/1:restore", json={"etag": document["etag"]}).raise_for_status().json()["document"]
        assert (restored["body"], restored["revisionNumber"]) == ("In and out.", 3)
        never = author.post(f"/v1/documents/{document['id']}:discard", json={"etag": restored["etag"]})
        assert (never.status_code, http_reason(never)) == (HTTPStatus.BAD_REQUEST, "WRONG_LIVE_STATE")
        approved = step(editor, step(author, restored, "submit"), "approve")
        with closing(edge.client("publisher@example.gov")) as publisher:
            published = step(publisher, approved, "publish")
        draft = author.patch(
            f"/v1/documents/{document['id']}", params={"updateMask": "title"}, json={"etag": published["etag"], "title": "Ebb"}
        ).json()["document"]
        discarded = step(author, draft, "discard")
        assert (discarded["title"], discarded["revisionNumber"]) == ("Tides", 5)


def test_deleting(edge: Edge, document: dict[str, Any]) -> None:
    """A document is deleted, listed among what is, and brought back."""
    with closing(edge.client("author@example.gov")) as author, closing(edge.client("editor@example.gov")) as editor:
        place = f"/v1/documents/{document['id']}"
        assert author.delete(place, params={"etag": document["etag"]}).status_code == HTTPStatus.FORBIDDEN
        deleted = editor.delete(place, params={"etag": document["etag"]}).raise_for_status().json()["document"]
        assert {"deleteTime", "purgeTime"} <= deleted.keys()
        assert http_reason(editor.get(place)) == "DOCUMENT_NOT_FOUND"
        listed = editor.get("/v1/documents", params={"deleted": "true"}).raise_for_status().json()["documents"]
        assert [each["etag"] for each in listed if each["id"] == document["id"]] == [deleted["etag"]]
        assert step(editor, deleted, "undelete")["path"] == document["path"]


def test_a_preview(edge: Edge, document: dict[str, Any]) -> None:
    """Somebody without an account reads a draft by its token, as no cache may keep it; nobody else does; after publication the
    page is what they read; and no log has the token (C34, C8)."""
    page = f"/v1/pages{document['path']}"
    with closing(edge.client("author@example.gov")) as author, closing(edge.client()) as public:
        absent = public.get(page)
        made = author.post(f"/v1/documents/{document['id']}:preview", json={"note": "For you"}).raise_for_status().json()
        read = public.get(page, params={"previewToken": made["token"]}).raise_for_status()
        assert read.headers["cache-control"] == "private, no-store"
        assert read.headers["x-robots-tag"] == "noindex, nofollow"
        assert "etag" not in read.headers
        again = public.get(page, params={"previewToken": made["token"]}, headers={"if-none-match": "*"})
        assert again.status_code == HTTPStatus.OK
        preview = read.json()["page"]
        assert (preview["draft"], preview["draftRevisionNumber"], preview["html"].strip()) == (True, 2, "<p>In and in.</p>")
        for token in ("gzp_wrong", made["token"][:-1] + ("A" if made["token"][-1] != "A" else "E")):
            wrong = public.get(page, params={"previewToken": token})
            assert (wrong.status_code, http_reason(wrong)) == (absent.status_code, http_reason(absent))
            assert wrong.headers.get("cache-control") == absent.headers.get("cache-control")
        with closing(edge.client("editor@example.gov")) as editor, closing(edge.client("publisher@example.gov")) as publisher:
            approved = step(editor, step(author, document, "submit"), "approve")
            number = publisher.post(f"/v1/documents/{document['id']}:publish", json={"etag": approved["etag"]}).json()[
                "recordNumber"
            ]
        published = public.get(page, headers={"x-min-record-number": number}).raise_for_status().json()["page"]
        assert {name: value for name, value in preview.items() if name not in MEMBERS_OF_A_PREVIEW} == {
            name: value for name, value in published.items() if name not in MEMBERS_OF_A_PREVIEW
        }
        ended = public.get(page, params={"previewToken": made["token"]})
        assert (ended.status_code, http_reason(ended)) == (HTTPStatus.NOT_FOUND, "PREVIEW_ENDED")
        links = author.get(f"/v1/documents/{document['id']}/preview-links").json()["previewLinks"]
        assert [each["isOpen"] for each in links] == [False]
        revoked = author.delete(f"/v1/documents/{document['id']}/preview-links/{links[0]['id']}").raise_for_status()
        assert "endTime" in revoked.json()["previewLink"]
    logs = [path.read_text(errors="replace") for path in (edge.home / "logs").rglob("*") if path.is_file()]
    assert logs
    assert not [text for text in logs if made["token"] in text]
