"""Publish checks as web clients see them: through Envoy, with the demo's people."""

from __future__ import annotations

import uuid
from contextlib import closing
from http import HTTPStatus

from tests.content.checking import BLOCKED, REASON
from tests.content.test_schedules_over_http import step
from tests.edge import Edge
from tests.refusals import http_reason

CHECK = "PUBLISH_CHECK_IMAGE_WITHOUT_ALTERNATIVE"


def test_what_blocks_over_http(edge: Edge) -> None:
    """A draft is checked with GET, and refused with its violations when it is handed in; who may override hands it in and
    publishes it, and who may not is refused."""
    with closing(edge.client("author@example.gov")) as author, closing(edge.client("editor@example.gov")) as editor:
        organisation = author.get("/v1/organisations").json()["organisations"][0]["id"]
        wanted = {"contentType": "harbour_guide", "path": f"/guidance/{uuid.uuid4().hex}", "title": "Tides", "body": BLOCKED}
        made = author.post("/v1/documents", json={**wanted, "organisationId": organisation}).raise_for_status()
        document = made.json()["document"]
        url = f"/v1/documents/{document['id']}"
        answer = author.get(f"{url}:check", params={"revisionNumber": 1}).raise_for_status().json()
        assert (answer["canPublish"], answer["revisionNumber"], answer["words"]) == (False, 1, 1)
        (problem,) = answer["problems"]
        assert (problem["check"], problem["line"], problem["criterion"]["number"]) == (CHECK, 3, "1.1.1")
        refusal = author.post(f"{url}:submit", json={"etag": document["etag"]})
        assert (refusal.status_code, http_reason(refusal)) == (HTTPStatus.BAD_REQUEST, "PUBLISH_CHECKS_FAILED")
        (violation,) = refusal.json()["details"][1]["violations"]
        assert violation["type"] == "IMAGE_WITHOUT_ALTERNATIVE"
        override = {"overrideChecks": [CHECK], "overrideReason": REASON}
        refusal = author.post(f"{url}:submit", json={"etag": document["etag"], **override})
        assert (refusal.status_code, http_reason(refusal)) == (HTTPStatus.FORBIDDEN, "PERMISSION_DENIED")
        with closing(edge.client("admin@example.gov")) as admin:
            document = step(admin, document, "submit", **override)
            document = step(editor, document, "approve")
            refusal = admin.post(f"{url}:publish", json={"etag": document["etag"]})
            assert http_reason(refusal) == "PUBLISH_CHECKS_FAILED"
            answer = admin.post(f"{url}:publish", json={"etag": document["etag"], **override}).raise_for_status().json()
        assert answer["document"]["live"]["overriddenChecks"] == [CHECK]
        assert [each["overridden"] for each in answer["problems"]] == [True]
        missing = author.get(f"{url}:check", params={"revisionNumber": 9})
        assert (missing.status_code, http_reason(missing)) == (HTTPStatus.NOT_FOUND, "REVISION_NOT_FOUND")
