"""Reads that must not be older than what their caller has just published, over HTTP, at whichever worker (I7)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from server.record.minimum import GREATEST, HEADER
from tests.edge import Edge
from tests.refusals import http_reason

TURNS = 15
VARY = {"accept-encoding", "origin", HEADER}


@pytest.fixture(scope="module")
def public(edge: Edge) -> Iterator[httpx.Client]:
    with closing(edge.client()) as client:
        yield client


class Site:
    """One document, which is published anew again and again."""

    def __init__(self, admin: httpx.Client) -> None:
        self.admin = admin
        organisations = admin.get("/v1/organisations").raise_for_status().json()["organisations"]
        self.organisation_id = organisations[0]["id"]
        self.kind = f"own_writes_{uuid.uuid4().hex}"
        self.path, self.key = f"/own-writes/{uuid.uuid4().hex}", str(uuid.uuid4())

    def publish(self, title: str) -> str:
        """The record's number, as JSON has it."""
        document = {"translationKey": self.key, "path": self.path, "title": title, "contentType": self.kind}
        parts: list[Any] = [
            {"options": {"organisationId": self.organisation_id}},
            {"contentType": {"name": self.kind, "title": "A type"}},
            {"document": {"document": document, "source": "here", "liveState": "LIVE_STATE_PUBLISHED"}},
        ]
        answer = self.admin.post("/v1/documents:import", content=json.dumps(parts)).raise_for_status().json()
        number: str = answer["recordNumber"]
        assert answer["results"][-1]["recordNumber"] == number
        return number


def test_each_worker_is_as_new(http_admin: httpx.Client, public: httpx.Client) -> None:
    """Right after each publication the page and the list are as new as it for whoever names its number, by header or in the
    query, whichever of two workers answers; caches are told that the header makes a difference, also with a 304."""
    site = Site(http_admin)
    for turn in range(TURNS):
        number = site.publish(f"Title {turn}")
        header, query = {HEADER: number}, {"minRecordNumber": number}
        for headers, params in ((header, {}), ({}, query)) * 2:
            page = public.get(f"/v1/pages{site.path}", headers=headers, params=params)
            assert page.json()["page"]["title"] == f"Title {turn}"
            assert {name.strip().lower() for name in page.headers["vary"].split(",")} == VARY
            pages = public.get("/v1/pages", params={"contentType": site.kind, **params}, headers=headers)
            assert [each["title"] for each in pages.json()["pages"]] == [f"Title {turn}"]
            assert {name.strip().lower() for name in pages.headers["vary"].split(",")} == VARY
    held = public.get(f"/v1/pages{site.path}", headers={HEADER: number, "if-none-match": page.headers["etag"]})
    assert (held.status_code, held.headers["etag"], held.headers["cache-control"]) == (
        304,
        page.headers["etag"],
        page.headers["cache-control"],
    )
    assert {name.strip().lower() for name in held.headers["vary"].split(",")} == VARY
    entries = public.get("/v1/record", params={"afterNumber": int(number) - 1}, headers={HEADER: number}).json()["entries"]
    assert entries[0]["body"]["path"] == site.path


@pytest.mark.parametrize("path", ["/v1/pages", "/v1/pages/a", "/v1/record"])
def test_what_is_refused(public: httpx.Client, path: str) -> None:
    """A header that is no number of the record is refused by its name, a parameter by its own, and a number that the record
    does not have as such: 400, and nothing that caches may keep."""
    for said in ("-1", "seven", "1.5", "1,2", str(GREATEST + 1)):
        answer = public.get(path, headers={HEADER: said})
        assert (answer.status_code, http_reason(answer)) == (400, "INVALID_ARGUMENT")
        assert answer.json()["details"][1]["fieldViolations"][0]["field"] == HEADER
        assert public.get(path, params={"minRecordNumber": said}).status_code == 400
    below = public.get(path, params={"minRecordNumber": "-1"}).json()["details"][1]["fieldViolations"]
    assert [each["field"] for each in below] == ["minRecordNumber"]
    for headers, params in (({HEADER: str(GREATEST)}, {}), ({}, {"minRecordNumber": str(GREATEST)})):
        answer = public.get(path, headers=headers, params=params)
        assert (answer.status_code, http_reason(answer)) == (400, "RECORD_NOT_REACHED")
        assert "max-age" not in answer.headers.get("cache-control", "")
