"""Merging, presence and batches as web clients use them: through Envoy, with the demo's people."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from tests.edge import Edge
from tests.refusals import http_reason


@pytest.fixture
def author(edge: Edge) -> Iterator[httpx.Client]:
    with closing(edge.client("author@example.gov")) as client:
        yield client


@pytest.fixture
def editor(edge: Edge) -> Iterator[httpx.Client]:
    with closing(edge.client("editor@example.gov")) as client:
        yield client


def created(client: httpx.Client, **said: Any) -> dict[str, Any]:
    organisation = client.get("/v1/organisations").json()["organisations"][0]["id"]
    wanted = {"contentType": "harbour_guide", "path": f"/guidance/{uuid.uuid4().hex}", "title": "Tides", **said}
    answer = client.post("/v1/documents", json={**wanted, "organisationId": organisation})
    document: dict[str, Any] = answer.raise_for_status().json()["document"]
    return document


def saved(client: httpx.Client, began: dict[str, Any], *, merge: bool = False, **changed: Any) -> httpx.Response:
    params = {"updateMask": ",".join(changed), **({"merge": "true"} if merge else {})}
    return client.patch(f"/v1/documents/{began['id']}", params=params, json={"etag": began["etag"], **changed})


def test_two_who_edit_one_document(author: httpx.Client, editor: httpx.Client) -> None:
    """Whoever comes too late is told of it, merges, and settles what collides."""
    began = created(author, body="One.\n\nTwo.\n\nThree.")
    saved(editor, began, title="Ebb", body="One.\n\nZwei.\n\nThree.").raise_for_status()
    stale = saved(author, began, body="First.\n\nTwo.\n\nThree.")
    assert (stale.status_code, http_reason(stale)) == (HTTPStatus.CONFLICT, "STALE_ETAG")
    detail = next(each for each in stale.json()["details"] if each["@type"].endswith("EditConflict"))
    assert (detail["fields"], len(detail["savedBy"]), bool(detail["savedBy"][0]["displayName"])) == (["title", "body"], 1, True)
    merged = saved(author, began, merge=True, body="First.\n\nTwo.\n\nThree.").raise_for_status().json()
    assert (merged["document"]["title"], merged["document"]["body"]) == ("Ebb", "First.\n\nZwei.\n\nThree.")
    assert {each["field"]: each["origin"] for each in merged["merged"]["fields"]} == {
        "title": "MERGE_ORIGIN_THEIRS",
        "body": "MERGE_ORIGIN_BOTH",
    }
    refusal = saved(author, began, merge=True, title="Flow")
    assert (refusal.status_code, http_reason(refusal)) == (HTTPStatus.CONFLICT, "MERGE_CONFLICT")
    wanted = {"document": {"etag": began["etag"], "title": "Flow"}, "updateMask": "title"}
    shown = author.post(f"/v1/documents/{began['id']}:merge", json=wanted).raise_for_status().json()
    (conflict,) = shown["conflicts"]
    assert {name: conflict[name] for name in ("field", "base", "theirs", "yours")} == {
        "field": "title",
        "base": "Tides",
        "theirs": "Ebb",
        "yours": "Flow",
    }
    settled = saved(author, shown["document"], title="Ebb and flow").raise_for_status().json()["document"]
    assert (settled["title"], settled["revisionNumber"]) == ("Ebb and flow", 4)


def test_who_has_it_open(author: httpx.Client, editor: httpx.Client) -> None:
    """Two who have a document open see each other, until one of them leaves."""
    path = f"/v1/documents/{created(author)['id']}:present"
    author.post(path, json={"field": "body"}).raise_for_status()
    (other,) = editor.post(path, json={}).raise_for_status().json()["others"]
    assert (other["field"], bool(other["displayName"]), bool(other["since"])) == ("body", True, True)
    author.post(path, json={"leave": True}).raise_for_status()
    assert editor.post(path, json={}).raise_for_status().json()["others"] == []


def test_many_at_once(edge: Edge, author: httpx.Client, editor: httpx.Client) -> None:
    """Documents are read, submitted and published in one call each, and what is refused is so in its place."""
    made = [created(author) for _ in range(3)]
    absent = str(uuid.uuid4())
    read = author.get("/v1/documents:batch-get", params={"ids": [made[0]["id"], absent]}).raise_for_status().json()["results"]
    assert read[0]["response"]["document"] == made[0]
    assert read[1]["error"]["details"][0]["reason"] == "DOCUMENT_NOT_FOUND"
    wanted = [{"id": each["id"], "etag": each["etag"]} for each in made]
    submitted = author.post("/v1/documents:batch-submit", json={"requests": [*wanted, {"id": absent, "etag": "1"}]})
    results = submitted.raise_for_status().json()["results"]
    assert results[3]["error"]["code"] == 5
    for each in results[:3]:
        document = each["response"]["document"]
        editor.post(f"/v1/documents/{document['id']}:approve", json={"etag": document["etag"]}).raise_for_status()
    with closing(edge.client("publisher@example.gov")) as publisher:
        wanted = [{**each, "etag": "3"} for each in wanted]
        answer = publisher.post("/v1/documents:batch-publish", json={"requests": wanted}).raise_for_status()
        states = [each["response"]["document"]["live"]["state"] for each in answer.json()["results"]]
        assert states == ["LIVE_STATE_PUBLISHED"] * 3
        assert publisher.get(f"/v1/pages{made[0]['path']}").raise_for_status().json()["page"]["title"] == "Tides"
    assert author.post("/v1/documents:batch-submit", json={"requests": []}).status_code == HTTPStatus.BAD_REQUEST


async def test_two_processes(edge: Edge, author: httpx.Client) -> None:
    """Whichever process answers, all who merge into one document at once are in what is saved (I10)."""
    began = created(author, body="\n\n".join(f"Paragraph {number}." for number in range(24)))
    path, params = f"/v1/documents/{began['id']}", {"updateMask": "body", "merge": "true"}
    async with httpx.AsyncClient(base_url=author.base_url, headers=author.headers, timeout=30) as client:

        async def change(number: int) -> None:
            body = began["body"].replace(f"Paragraph {number}.", f"Changed {number}.")
            (await client.patch(path, params=params, json={"etag": began["etag"], "body": body})).raise_for_status()

        await asyncio.gather(*map(change, range(24)))
        saved = (await client.get(path)).raise_for_status().json()["document"]
    assert saved["body"] == "\n\n".join(f"Changed {number}." for number in range(24))
    assert saved["revisionNumber"] == 25
