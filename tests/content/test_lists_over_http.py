"""Lists and swaps as web clients ask for them: through Envoy, with the demo's people."""

from __future__ import annotations

import uuid
from contextlib import closing
from http import HTTPStatus
from typing import Any

from tests.edge import Edge
from tests.refusals import http_reason


def test_lists_and_swaps(edge: Edge) -> None:
    """A list is filtered, sorted and counted by parameters of its address; two documents swap their paths, and what is in the
    way is told (C45, C46)."""
    word = f"w{uuid.uuid4().hex}"
    with closing(edge.client("author@example.gov")) as author:
        organisation = author.get("/v1/organisations").json()["organisations"][0]["id"]

        def create(name: str) -> dict[str, Any]:
            wanted = {"contentType": "harbour_guide", "path": f"/{word}/{name}", "title": f"{name} {word}", "tags": [word]}
            answer = author.post("/v1/documents", json={**wanted, "organisationId": organisation})
            made: dict[str, Any] = answer.raise_for_status().json()["document"]
            return made

        def listed(**asked: str) -> list[str]:
            answer = author.get("/v1/documents", params=asked).raise_for_status().json()
            return [each["path"].rpartition("/")[2] for each in answer["documents"]]

        one, other = create("b"), create("a")
        assert listed(tag=word, orderBy="content_type, title") == ["a", "b"]
        assert listed(query=f"{word} b", pathPrefix=f"/{word}", hasDraft="true", isLive="false") == ["b"]
        counted = author.get("/v1/documents", params={"tag": word, "withCount": "true", "pageSize": "1"}).json()
        assert counted["totalSize"] == 2
        refused = author.get("/v1/documents", params={"orderBy": "title,path"})
        assert (refused.status_code, http_reason(refused)) == (HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT")
        asked = {"etag": one["etag"], "otherId": other["id"], "otherEtag": other["etag"]}
        swapped = author.post(f"/v1/documents/{one['id']}:swap-paths", json=asked).raise_for_status().json()
        assert (swapped["document"]["path"], swapped["other"]["path"]) == (other["path"], one["path"])
        again = author.post(f"/v1/documents/{one['id']}:swap-paths", json=asked)
        assert (again.status_code, http_reason(again)) == (HTTPStatus.CONFLICT, "STALE_ETAG")
