"""Where something is used, as web clients ask it: through Envoy, with the demo's people."""

from __future__ import annotations

import uuid
from contextlib import closing
from http import HTTPStatus

from tests.edge import Edge
from tests.refusals import http_reason


def test_where_something_is_used(edge: Edge) -> None:
    """Documents and files are asked about by their own paths; a document that there is not is 404 (C43)."""
    with closing(edge.client("author@example.gov")) as author:
        organisation = author.get("/v1/organisations").json()["organisations"][0]["id"]
        file = str(uuid.uuid4())

        def created(body: str) -> dict[str, str]:
            wanted = {"contentType": "harbour_guide", "path": f"/guidance/{uuid.uuid4().hex}", "title": "T", "body": body}
            answer = author.post("/v1/documents", json={**wanted, "organisationId": organisation})
            document: dict[str, str] = answer.raise_for_status().json()["document"]
            return document

        target = created("")
        one = created(f"[a](document:{target['translationKey']}) ![b](file:{file})")
        (found,) = author.get(f"/v1/documents/{target['id']}/references").raise_for_status().json()["references"]
        told = {"documentId": one["id"], "field": "body", "kind": "REFERENCE_KIND_DOCUMENT", "side": "REFERENCE_SIDE_DRAFT"}
        assert told.items() <= found.items()
        (found,) = author.get(f"/v1/files/{file}/references").raise_for_status().json()["references"]
        assert (found["documentId"], found["targetId"]) == (one["id"], file)
        way = {"direction": "REFERENCE_DIRECTION_FROM"}
        assert len(author.get(f"/v1/documents/{one['id']}/references", params=way).json()["references"]) == 2
        answer = author.get(f"/v1/documents/{uuid.uuid4()}/references")
        assert (answer.status_code, http_reason(answer)) == (HTTPStatus.NOT_FOUND, "DOCUMENT_NOT_FOUND")
