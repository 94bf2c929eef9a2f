"""A file's life over HTTP, through Envoy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from tests.edge import Edge
from tests.files.uploading import PDF
from tests.refusals import http_reason


@pytest.fixture(scope="module")
def publisher(edge: Edge) -> Iterator[httpx.Client]:
    """The demo's publisher, signed in."""
    with closing(edge.client("publisher@example.gov")) as client:
        yield client


def uploaded(author: httpx.Client, organisation_id: str, name: str) -> dict[str, Any]:
    query = {"organisationId": organisation_id, "name": name}
    file: dict[str, Any] = author.post("/v1/files:upload", params=query, content=PDF).raise_for_status().json()["file"]
    return file


def test_a_file_is_listed_changed_and_replaced(author: httpx.Client, organisation_id: str) -> None:
    """It keeps its address; what it was can be had at one of its own."""
    file = uploaded(author, organisation_id, "life-of-a-file.pdf")
    url, query = f"/v1/files/{file['id']}", {"organisationId": organisation_id, "name": "LIFE-of"}
    listed = author.get("/v1/files", params=query).raise_for_status().json()
    assert [each["id"] for each in listed["files"]] == [file["id"]]

    said = {"etag": file["etag"], "alternativeText": "A form"}
    changed = author.patch(url, params={"updateMask": "alternativeText"}, json=said).raise_for_status().json()["file"]
    assert changed["alternativeText"] == "A form"
    stale = author.patch(url, params={"updateMask": "alternativeText"}, json=said)
    assert (stale.status_code, http_reason(stale)) == (409, "STALE_ETAG")

    content, etag = PDF + b"\n", {"etag": changed["etag"]}
    refused = author.post(f"{url}:replace", params={**etag, "name": "x.png"}, content=content)
    assert (refused.status_code, http_reason(refused)) == (400, "FILE_TYPE_NOT_ALLOWED")
    replaced = author.post(f"{url}:replace", params=etag, content=content).raise_for_status().json()["file"]
    assert (replaced["id"], replaced["version"], replaced["alternativeText"]) == (file["id"], 2, "A form")
    assert author.get(f"{url}:download").content == content
    assert author.get(f"{url}/versions/1:download").content == PDF
    versions = author.get(f"{url}/versions").raise_for_status().json()["versions"]
    assert [each["version"] for each in versions] == [2, 1]


def test_a_file_is_deleted_restored_and_gone(author: httpx.Client, publisher: httpx.Client, organisation_id: str) -> None:
    """For a while, and then for good."""
    url = f"/v1/files/{uploaded(author, organisation_id, 'gone.pdf')['id']}"
    assert author.delete(url).raise_for_status().json().keys() == {"restorableUntilTime"}
    assert author.get(f"{url}:download").status_code == 404
    assert author.post(f"{url}:restore", json={}).raise_for_status().json()["file"]["name"] == "gone.pdf"
    assert author.get(f"{url}:download").content == PDF

    at_once = {"now": "true", "explanation": "A leak"}
    assert author.delete(url, params=at_once).status_code == 403
    assert http_reason(publisher.delete(url, params={"now": "true"})) == "INVALID_ARGUMENT"
    assert publisher.delete(url, params=at_once).raise_for_status().json() == {}
    for answer in (author.get(f"{url}:download"), author.get(url), author.post(f"{url}:restore", json={})):
        assert (answer.status_code, http_reason(answer)) == (404, "FILE_NOT_FOUND")
