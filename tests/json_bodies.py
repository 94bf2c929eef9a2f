"""Bodies of HTTP requests that make a document, for tests of what Envoy takes, and what a refusal says."""

from __future__ import annotations

import json
import uuid

import httpx
import pytest

KIND = "plain_json"
ErrorInfo, BadRequest = "type.googleapis.com/google.rpc.ErrorInfo", "type.googleapis.com/google.rpc.BadRequest"


@pytest.fixture(scope="module")
def office(http_admin: httpx.Client) -> dict[str, str]:
    """What a new document says first: of a content type whose details may be anything."""
    made = http_admin.post("/v1/content-types", json={"name": KIND, "title": "Plain"})
    assert made.status_code in {201, 409}
    organisation = http_admin.get("/v1/organisations").json()["organisations"][0]
    return {"organisationId": organisation["id"], "contentType": KIND, "title": "A title"}


def body(office: dict[str, str], details: bytes, more: bytes = b"") -> bytes:
    said = json.dumps({**office, "path": f"/json/{uuid.uuid4().hex}"})[:-1]
    return said.encode() + more + b',"details":' + details + b"}"


def told(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, reason and the field that an error names."""
    assert answer.headers["content-type"] == "application/json", answer.text
    details = {each.pop("@type"): each for each in answer.json().get("details", [])}
    assert answer.headers["x-request-id"] in answer.text
    fields = [each["field"] for each in details.get(BadRequest, {}).get("fieldViolations", [])]
    return answer.status_code, details.get(ErrorInfo, {}).get("reason", ""), ",".join(fields)
