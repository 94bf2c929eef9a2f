"""Changing content types as web clients do it: through Envoy, with the demo's people."""

from __future__ import annotations

import uuid
from contextlib import closing
from http import HTTPStatus
from typing import Any

from tests.edge import Edge
from tests.refusals import http_reason

OLD: dict[str, Any] = {"properties": {"old": {"type": "string"}}, "additionalProperties": False}
NEW: dict[str, Any] = {"properties": {"new": {"type": "string", "maxLength": 5}}, "additionalProperties": False}


def test_a_content_type_from_its_making_to_its_end(edge: Edge) -> None:
    """A type is made, checked against a change, renamed a member of, read in each of its versions, and deleted once nobody uses
    it; who may not write a member is told which (C39, C40, Z10)."""
    name = f"rate_{uuid.uuid4().hex}"
    with closing(edge.client("admin@example.gov")) as admin, closing(edge.client("author@example.gov")) as author:
        made = admin.post("/v1/content-types", json={"name": name, "title": "Rate", "detailsSchema": OLD}).raise_for_status()
        made = made.json()["contentType"]
        organisation = author.get("/v1/organisations").json()["organisations"][0]["id"]
        wanted = {
            "contentType": name,
            "path": f"/guidance/{uuid.uuid4().hex}",
            "title": "Tides",
            "organisationId": organisation,
        }
        answer = author.post("/v1/documents", json={**wanted, "details": {"old": "too long"}}).raise_for_status()
        document = answer.json()["document"]

        moves = [{"source": "/old", "target": "/new"}]
        closed = [{"member": "/new", "permission": "PERMISSION_DOCUMENTS_PUBLISH"}]
        changed = {"name": name, "etag": made["etag"], "detailsSchema": NEW, "moves": moves, "memberPermissions": closed}
        mask = "detailsSchema,moves,memberPermissions"
        check = {"change": {"contentType": changed, "updateMask": mask}}
        checked = admin.post(f"/v1/content-types/{name}:check", json=check).raise_for_status().json()
        assert [each["id"] for each in checked["invalidDocuments"]] == [document["id"]]
        assert (checked["invalidCount"], checked["checkedCount"], checked["totalCount"]) == ("1", "1", "1")
        refusal = admin.patch(f"/v1/content-types/{name}", params={"updateMask": mask}, json=changed)
        assert (refusal.status_code, http_reason(refusal)) == (HTTPStatus.BAD_REQUEST, "DOCUMENTS_WOULD_BE_INVALID")
        assert document["path"] in refusal.text
        params = {"updateMask": mask, "acceptInvalid": "true", "checkToken": checked["checkToken"]}
        answer = admin.patch(f"/v1/content-types/{name}", params=params, json=changed).raise_for_status().json()
        assert (answer["invalidCount"], answer["contentType"]["version"]) == ("1", 2)

        found = author.get(f"/v1/documents/{document['id']}").raise_for_status().json()["document"]
        assert found["details"] == {"new": "too long"}
        params = {"updateMask": "details"}
        refusal = author.patch(
            f"/v1/documents/{found['id']}", params=params, json={"etag": found["etag"], "details": {"new": "x"}}
        )
        assert (refusal.status_code, http_reason(refusal)) == (HTTPStatus.FORBIDDEN, "FIELD_FORBIDDEN")
        assert "document.details.new" in refusal.text

        listed = author.get(f"/v1/content-types/{name}/versions").raise_for_status().json()["versions"]
        assert [each["contentType"]["version"] for each in listed] == [2, 1]
        first = author.get(f"/v1/content-types/{name}", params={"version": 1}).raise_for_status().json()["contentType"]
        assert first["detailsSchema"] == OLD
        params = {"etag": answer["contentType"]["etag"]}
        refusal = admin.delete(f"/v1/content-types/{name}", params=params)
        assert (refusal.status_code, http_reason(refusal)) == (HTTPStatus.BAD_REQUEST, "CONTENT_TYPE_IN_USE")

        unused = admin.post("/v1/content-types", json={"name": f"{name}_unused", "title": "Unused"}).raise_for_status()
        params = {"etag": unused.json()["contentType"]["etag"]}
        assert admin.delete(f"/v1/content-types/{name}_unused", params=params).status_code == HTTPStatus.OK
