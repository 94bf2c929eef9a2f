"""Scheduling as web clients do it: through Envoy, with the demo's people."""

from __future__ import annotations

import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from tests.edge import Edge
from tests.polling import wait_until
from tests.refusals import http_reason

SOON = timedelta(seconds=3)


def written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def step(client: httpx.Client, document: dict[str, Any], verb: str, **said: Any) -> dict[str, Any]:
    """The document, as it stands after the step."""
    answer = client.post(f"/v1/documents/{document['id']}:{verb}", json={"etag": document["etag"], **said})
    found: dict[str, Any] = answer.raise_for_status().json()["document"]
    return found


@pytest.fixture
def approved(edge: Edge) -> dict[str, Any]:
    """A new document of the demo's organisation, approved."""
    with closing(edge.client("author@example.gov")) as author, closing(edge.client("editor@example.gov")) as editor:
        organisation = author.get("/v1/organisations").json()["organisations"][0]["id"]
        wanted = {"contentType": "harbour_guide", "path": f"/guidance/{uuid.uuid4().hex}", "title": "Tides"}
        answer = author.post("/v1/documents", json={**wanted, "organisationId": organisation})
        return step(editor, step(author, answer.raise_for_status().json()["document"], "submit"), "approve")


def test_a_page_that_comes_by_itself(edge: Edge, approved: dict[str, Any]) -> None:
    """A draft is scheduled, listed, moved and taken back, and then scheduled for soon: nothing is there until it is due, and
    then the page is."""
    with closing(edge.client("publisher@example.gov")) as publisher:
        due = datetime.now(UTC) + timedelta(days=1)
        document = step(publisher, approved, "schedule", dueTime=written(due), minor=True)
        draft = document["draft"]
        assert (draft["state"], draft["schedule"]["action"]) == ("DRAFT_STATE_SCHEDULED", "SCHEDULED_ACTION_PUBLISH")
        assert datetime.fromisoformat(draft["schedule"]["dueTime"]) == due
        assert draft["schedule"]["minor"]
        listed = publisher.get("/v1/documents", params={"draftState": "DRAFT_STATE_SCHEDULED"}).json()["documents"]
        assert [each["draft"] for each in listed if each["id"] == document["id"]] == [draft]
        document = step(publisher, document, "schedule", dueTime=written(due + timedelta(days=1)))
        assert not document["draft"]["schedule"]["minor"]
        document = step(publisher, document, "unschedule")
        assert document["draft"]["state"] == "DRAFT_STATE_APPROVED"
        page = f"/v1/pages{document['path']}"
        assert publisher.get(page).status_code == HTTPStatus.NOT_FOUND
        document = step(publisher, document, "schedule", dueTime=written(datetime.now(UTC) + SOON))
        assert document["draft"]["state"] == "DRAFT_STATE_SCHEDULED"
        for _ in range(4):
            wait_until(lambda: publisher.get(page).status_code == HTTPStatus.OK)


def test_a_page_that_goes_by_itself(edge: Edge, approved: dict[str, Any]) -> None:
    """A page is scheduled to be taken down, that is moved and taken back, and then scheduled for soon: when it is due, its path
    says that it is gone, and why."""
    with closing(edge.client("publisher@example.gov")) as publisher:
        gone = {"gone": {"explanation": "<p>The season is over.</p>"}}
        due = datetime.now(UTC) + timedelta(days=1)
        document = step(publisher, approved, "publish")
        document = step(publisher, document, "schedule", dueTime=written(due), takeDown=gone)
        schedule = document["live"]["schedule"]
        assert (schedule["action"], datetime.fromisoformat(schedule["dueTime"])) == ("SCHEDULED_ACTION_TAKE_DOWN", due)
        document = step(publisher, document, "unschedule", action="SCHEDULED_ACTION_TAKE_DOWN")
        assert not document["live"].get("schedule")
        page = f"/v1/pages{document['path']}"
        assert publisher.get(page).status_code == HTTPStatus.OK
        step(publisher, document, "schedule", dueTime=written(datetime.now(UTC) + SOON), takeDown=gone)
        for _ in range(4):
            wait_until(lambda: publisher.get(page).status_code == HTTPStatus.GONE)
        assert "The season is over." in publisher.get(page).text


def test_what_is_refused(edge: Edge, approved: dict[str, Any]) -> None:
    """Who may not publish is refused, and so are a time that is past or missing, an old etag, what is not scheduled, and taking
    down what is not public."""
    url, due = f"/v1/documents/{approved['id']}", written(datetime.now(UTC) + timedelta(days=1))
    gone = {"gone": {"explanation": "<p>Over.</p>"}}
    with closing(edge.client("editor@example.gov")) as editor, closing(edge.client("publisher@example.gov")) as publisher:
        for client, verb, said, status, reason in (
            (editor, "schedule", {"dueTime": due}, HTTPStatus.FORBIDDEN, "PERMISSION_DENIED"),
            (publisher, "schedule", {"dueTime": "2020-01-01T00:00:00Z"}, HTTPStatus.BAD_REQUEST, "INVALID_DUE_TIME"),
            (publisher, "schedule", {}, HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT"),
            (publisher, "schedule", {"dueTime": "tomorrow"}, HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT"),
            (publisher, "schedule", {"dueTime": due, "takeDown": {}}, HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT"),
            (
                publisher,
                "schedule",
                {"dueTime": due, "takeDown": gone, "minor": True},
                HTTPStatus.BAD_REQUEST,
                "INVALID_ARGUMENT",
            ),
            (publisher, "schedule", {"dueTime": due, "takeDown": gone}, HTTPStatus.BAD_REQUEST, "WRONG_LIVE_STATE"),
            (publisher, "schedule", {"dueTime": due, "etag": "1"}, HTTPStatus.CONFLICT, "STALE_ETAG"),
            (publisher, "unschedule", {}, HTTPStatus.BAD_REQUEST, "WRONG_STATE"),
        ):
            answer = client.post(f"{url}:{verb}", json={"etag": approved["etag"], **said})
            assert (answer.status_code, http_reason(answer)) == (status, reason)
        assert publisher.get(url).json()["document"] == approved
