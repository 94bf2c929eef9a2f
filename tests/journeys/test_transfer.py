"""Exports and imports over HTTP, with files."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from typing import Any

import httpx

from tests.edge import Edge
from tests.refusals import http_reason

REFUSED, UNCHANGED = "IMPORT_OUTCOME_REFUSED", "IMPORT_OUTCOME_UNCHANGED"


def export(client: httpx.Client, **query: str) -> list[dict[str, Any]]:
    """The lines of an export."""
    answer = client.get("/v1/documents:export", params=query)
    assert answer.status_code == httpx.codes.OK, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines() if line]


def test_over_http(edge: Edge) -> None:
    """An export is JSON objects, each a line, the bytes of files in base64 among them; so is what an import takes, as an array.
    All organisations are for those who may read in all, and what is in use is not restored."""
    admin, author = edge.client("admin@example.gov"), edge.client("author@example.gov")
    organisation = admin.get("/v1/organisations").json()["organisations"][0]["id"]
    parts = export(author, organisationId=organisation, withFiles="true")
    at = next(at for at, part in enumerate(parts) if "file" in part)
    file, following = parts[at]["file"], [next(iter(part)) for part in parts[at + 1 :]]
    count = next(number for number, kind in enumerate(following) if kind != "chunk")
    content = b"".join(base64.b64decode(part["chunk"]) for part in parts[at + 1 : at + 1 + count])
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (file["sha256"], int(file["sizeBytes"]))
    named = {id for part in parts if "document" in part for id in part["document"]["document"].get("attachments", ())}
    assert {part["file"]["id"] for part in parts if "file" in part} == named

    again = [{"options": {"organisationId": organisation}}, *parts[at : at + 1 + count]]
    assert [each["outcome"] for each in imported(admin, again)] == [UNCHANGED]
    again[1] = {"file": file | {"id": str(uuid.uuid4()), "sha256": "0" * 64}}
    (result,) = imported(admin, again)
    assert (result["outcome"], result["reason"], result["source"]) == (REFUSED, "SHA256_MISMATCH", f"file/{file['name']}")

    everything = export(admin, forRestoring="true")
    assert organisation in [part["organisation"]["id"] for part in everything if "organisation" in part]
    assert all("recordEntry" in part["document"] for part in everything if "document" in part)
    refusal = author.get("/v1/documents:export", params={"forRestoring": "true"})
    assert (refusal.status_code, http_reason(refusal)) == (httpx.codes.FORBIDDEN, "PERMISSION_DENIED")
    refusal = admin.get("/v1/documents:export", params={"forRestoring": "true", "organisationId": organisation})
    assert (refusal.status_code, http_reason(refusal)) == (httpx.codes.BAD_REQUEST, "INVALID_ARGUMENT")
    refusal = admin.post("/v1/documents:import", json=[{"options": {"restores": True}}, *everything[:3]])
    assert (refusal.status_code, http_reason(refusal)) == (httpx.codes.BAD_REQUEST, "INSTALLATION_IN_USE")


def imported(client: httpx.Client, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    answer = client.post("/v1/documents:import", json=messages)
    assert answer.status_code == httpx.codes.OK, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results
