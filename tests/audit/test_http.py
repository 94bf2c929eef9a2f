"""The audit over HTTP."""

from __future__ import annotations

import uuid
from contextlib import closing

from tests.edge import Edge

ADMIN = "admin@example.gov"


def test_events_over_http(edge: Edge) -> None:
    """GET /v1/audit-events lists, filters and pages, and knows where a sign-in came from."""
    with closing(edge.client(ADMIN)) as client:
        mine = client.get("/v1/auth/me").json()["account"]["id"]
        asked = {"action": "account.*", "actorId": mine, "pageSize": 1, "sinceTime": "2020-01-01T00:00:00Z"}
        first = client.get("/v1/audit-events", params=asked)
        assert first.status_code == 200
        (event,) = first.json()["auditEvents"]
        assert (event["action"], event["target"], event["personal"]["address"]) == ("account.sign_in", mine, "127.0.0.1")
        edge.client(ADMIN).close()  # signs in once more
        newest = client.get("/v1/audit-events", params=asked).json()
        (next_event,) = client.get("/v1/audit-events", params={**asked, "pageToken": newest["nextPageToken"]}).json()[
            "auditEvents"
        ]
        assert next_event["id"] == event["id"]


def test_verification_over_http(edge: Edge) -> None:
    """GET /v1/audit-events:verify says that nothing is wrong, and takes what was noted."""
    with closing(edge.client(ADMIN)) as client:
        found = client.get("/v1/audit-events:verify").json()
        assert found["isIntact"] is True
        known = {"knownNumber": found["lastNumber"], "knownSha256": found["lastSha256"], "firstNumber": found["lastNumber"]}
        assert client.get("/v1/audit-events:verify", params=known).json()["isIntact"] is True
        other = client.get("/v1/audit-events:verify", params={**known, "knownSha256": "0" * 64}).json()
        assert uuid.UUID(other["problem"].pop("eventId")).version == 7
        assert other["problem"] == {"number": found["lastNumber"], "kind": "AUDIT_PROBLEM_KIND_REWRITTEN"}


def test_refusals_over_http(edge: Edge) -> None:
    """Nobody reads the audit unasked; what is wrong in a query is named."""
    paths = ("/v1/audit-events", "/v1/audit-events:verify")
    with closing(edge.client()) as nobody:
        assert [nobody.get(path).status_code for path in paths] == [401, 401]
    with closing(edge.client("editor@example.gov")) as editor:
        assert [editor.get(path).status_code for path in paths] == [403, 403]
    with closing(edge.client(ADMIN)) as client:
        assert client.get("/v1/audit-events", params={"actorId": "ada"}).status_code == 400
        assert client.get("/v1/audit-events", params={"pageToken": uuid.uuid4().hex}).status_code == 400
        assert client.get("/v1/audit-events:verify", params={"knownNumber": 1}).status_code == 400
        assert client.delete("/v1/audit-events").status_code == 405
