"""Change notes, review dates and translations as web clients ask for them: through Envoy, with the demo's people."""

from __future__ import annotations

import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from tests.content.test_schedules_over_http import step, written
from tests.edge import Edge
from tests.refusals import http_reason

DAY = timedelta(days=1)
Params = dict[str, str | int | list[str]]


def test_a_pages_life(edge: Edge) -> None:
    """A page is changed with a note, which readers find with it; it gets a review date, is listed by it, and is confirmed; it
    lacks a translation until there is one. Readers whose language it is not in get it in another. (C36, C37, C38)"""
    author, editor, publisher = [edge.client(f"{each}@example.gov") for each in ("author", "editor", "publisher")]
    with closing(author), closing(editor), closing(publisher):

        def reviewed(document: dict[str, Any]) -> dict[str, Any]:
            return step(editor, step(author, document, "submit"), "approve")

        organisation = author.get("/v1/organisations").json()["organisations"][0]["id"]
        path = f"/guidance/{uuid.uuid4().hex}"
        wanted = {"contentType": "harbour_guide", "path": path, "title": "Tides", "organisationId": organisation}
        made = author.post("/v1/documents", json=wanted).raise_for_status().json()["document"]
        document = step(publisher, reviewed(made), "publish")
        changed = {"title": "Tides and times", "etag": document["etag"]}
        answer = author.patch(f"/v1/documents/{document['id']}?updateMask=title", json=changed)
        draft = reviewed(answer.raise_for_status().json()["document"])
        url = f"/v1/documents/{draft['id']}"
        refusal = publisher.post(f"{url}:publish", json={"etag": draft["etag"]})
        assert (refusal.status_code, http_reason(refusal)) == (HTTPStatus.BAD_REQUEST, "CHANGE_NOTE_REQUIRED")
        document = step(publisher, draft, "publish", changeNote="Times of the night ferry.")
        answer = publisher.get(f"/v1/pages{path}", headers={"x-min-record-number": document["live"]["recordNumber"]})
        assert [each["note"] for each in answer.json()["page"]["changeHistory"]] == ["Times of the night ferry."]
        assert answer.headers["content-language"] == "en"

        now = datetime.now(UTC)
        document = step(author, document, "set-review-date", reviewByTime=written(now + DAY), reviewInterval="864000s")
        due: Params = {"reviewDueBefore": written(now + 2 * DAY), "pageSize": 200}
        assert document["id"] in {each["id"] for each in author.get("/v1/documents", params=due).json()["documents"]}
        document = step(author, document, "confirm")
        assert document["id"] not in {each["id"] for each in author.get("/v1/documents", params=due).json()["documents"]}
        assert datetime.fromisoformat(document["live"]["reviewByTime"]) > now + 9 * DAY

        gaps: Params = {"sourceLocale": "en", "targetLocale": "cy", "kind": "TRANSLATION_GAP_KIND_MISSING", "pageSize": 200}
        missing = author.get("/v1/translation-gaps", params=gaps).raise_for_status().json()["gaps"]
        assert document["id"] in {each["source"]["documentId"] for each in missing}
        welsh = {**wanted, "locale": "cy", "translationKey": document["translationKey"], "title": "Llanw"}
        made = author.post("/v1/documents", json=welsh).raise_for_status().json()["document"]
        assert (made["sourceDocumentId"], made["sourceRevisionNumber"]) == (document["id"], 2)
        made = step(author, made, "confirm-translation", sourceRevisionNumber=1)
        listed = author.get(f"{url}/translations").raise_for_status().json()["translations"]
        assert [(each["locale"], each["outdated"]) for each in listed] == [("cy", True), ("en", False)]
        published = step(publisher, reviewed(made), "publish")
        newest = {"x-min-record-number": published["live"]["recordNumber"]}
        query: Params = {"locale": "cy-GB", "fallbackLocales": ["gd", "en"]}
        answer = publisher.get(f"/v1/pages{path}", params=query, headers=newest)
        assert (answer.json()["page"]["title"], answer.headers["content-language"]) == ("Llanw", "cy")
        pages = publisher.get("/v1/pages", params={"translationKey": document["translationKey"]}, headers=newest).json()
        assert {each["locale"] for each in pages["pages"]} == {"cy", "en"}
        step(author, published, "confirm-translation")
        assert not any(each["outdated"] for each in author.get(f"{url}/translations").json()["translations"])
