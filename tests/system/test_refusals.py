"""What is refused over HTTP, by whomever: one form, the caller's names, what is wanted."""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import grpc
import httpx
import pytest

from gazette.content.v1.content_service_pb2 import UpdateDocumentRequest
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.content.v1.document_pb2 import Document
from tests.edge import Edge
from tests.json_bodies import body, office, told
from tests.refusals import refusal

__all__ = ["office"]

FORM = "segments of letters, digits and - _ ~ . (no dot first), each behind a slash"
PATH = f"must be a path: {FORM}, such as /guidance/moor-a-boat"
ETAG = "is required: the etag that you read, such as 4"
PAGE = "/v1/pages/guidance/moor-a-boat"


def violations(answer: httpx.Response) -> dict[str, str]:
    """The fields that are wrong, and why, as message and details say alike."""
    bad = next(each for each in answer.json()["details"] if each["@type"].endswith(".BadRequest"))
    found = {each["field"]: each["description"] for each in bad["fieldViolations"]}
    assert all(field in answer.json()["message"] for field in found)
    return found


@pytest.fixture(scope="module")
def document(http_admin: httpx.Client, office: dict[str, str]) -> dict[str, Any]:
    made = http_admin.post("/v1/documents", content=body(office, b"{}"))
    return dict(made.json()["document"])


@pytest.mark.parametrize(
    ("change", "mask", "expected"),
    [
        ({"title": "Tides"}, "title", {"etag": ETAG}),
        ({"bodyFormat": 7, "etag": "1"}, "bodyFormat", {"bodyFormat": "must be one of BODY_FORMAT_MARKDOWN, BODY_FORMAT_HTML"}),
        ({"path": "tides", "etag": "1"}, "path", {"path": PATH}),
        ({"title": "Tides", "etag": "1"}, "", {"updateMask": "is required"}),
        ({"tags": ["a", "A"], "etag": "1"}, "tags", {"tags[1]": "is the same as `tags[0]`: a"}),
        ({"details": {"a_b": ["\u202e"]}, "etag": "1"}, "details", {"details.a_b[0]": None}),
        ({"title": "Tides", "etag": "1"}, "titel", {"updateMask": None}),
    ],
    ids=lambda each: str(each)[:30],
)
def test_fields_have_the_callers_names(
    http_admin: httpx.Client, document: dict[str, Any], change: dict[str, Any], mask: str, expected: dict[str, str | None]
) -> None:
    """What an update is refused for is said of the members and parameters that the caller sent, and of no others."""
    asked = {"updateMask": mask} if mask else {}
    answer = http_admin.patch(f"/v1/documents/{document['id']}", params=asked, json=change)
    assert told(answer)[0] == httpx.codes.BAD_REQUEST
    found = violations(answer)
    assert list(found) == list(expected)
    assert all(why is None or found[field] == why for field, why in expected.items())
    assert "body_format" not in answer.text.replace("BODY_FORMAT", "")
    assert "document." not in json.dumps(found)


def test_paths_have_them_too(http_admin: httpx.Client) -> None:
    """A variable of the path is named as the path has it."""
    answer = http_admin.patch("/v1/documents/no-uuid?updateMask=title", json={"title": "x", "etag": "1"})
    assert violations(answer) == {"id": "must be a UUID, such as 01a1fc98-1456-7b21-896a-ed5e06f788c9"}


def test_preconditions_have_them_too(http_admin: httpx.Client, document: dict[str, Any]) -> None:
    """What keeps a document from being published is said so, too."""
    answer = http_admin.post(f"/v1/documents/{document['id']}:publish", json={"etag": document["etag"]})
    assert answer.json()["details"][0]["reason"] == "NOT_APPROVED"
    taken = http_admin.post("/v1/documents", json={**document_of(document), "path": document["path"]})
    assert (taken.status_code, taken.json()["message"]) == (409, f"`path` {document['path']} in en is another document's.")
    assert taken.json()["details"][0]["metadata"]["field"] == "path"


def document_of(document: dict[str, Any]) -> dict[str, Any]:
    return {name: document[name] for name in ("organisationId", "contentType", "title")}


def test_grpc_has_the_contracts_names(edge: Edge, http_admin: httpx.Client, document: dict[str, Any]) -> None:
    """Over gRPC the same refusal has the names of the contract, also at Envoy's port and as gRPC-Web."""
    request = UpdateDocumentRequest(document=Document(id=document["id"], path="tides"))
    metadata = (("authorization", http_admin.headers["authorization"]),)
    for address in (edge.grpc, urlsplit(edge.http).netloc):
        with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as caught:
            ContentServiceStub(channel).UpdateDocument(request, metadata=metadata)
        assert dict(sync_refusal(caught.value)) == {"document.etag": ETAG, "document.path": PATH, "update_mask": "is required"}
    raw = request.SerializeToString()
    answer = http_admin.post(
        "/gazette.content.v1.ContentService/UpdateDocument",
        content=b"\0" + len(raw).to_bytes(4, "big") + raw,
        headers={"content-type": "application/grpc-web+proto"},
    )
    assert "document.path: must be a path" in answer.headers["grpc-message"]


def sync_refusal(error: Any) -> dict[str, str]:
    trailers = error.trailing_metadata()
    return refusal(grpc.aio.AioRpcError(error.code(), error.initial_metadata(), trailers, error.details())).fields


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "reason"),
    [
        ("GET", f"{PAGE}?locale=cy&locale=en", {}, 400, "INVALID_ARGUMENT"),
        ("GET", f"{PAGE}?anyLocale=perhaps", {}, 400, "INVALID_ARGUMENT"),
        ("GET", f"{PAGE}?any-locale=true", {}, 400, "UNKNOWN_FIELD"),
        ("GET", f"{PAGE}?path=/else", {}, 400, "UNKNOWN_FIELD"),
        ("GET", "/v1/nothing", {}, 404, "ROUTE_NOT_FOUND"),
        ("DELETE", PAGE, {}, 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/v1/auth/login", {"content": b"{", "headers": {"content-encoding": "gzip"}}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ("POST", "/v1/auth/login", {"content": b"x" * (5 << 20)}, 413, "REQUEST_TOO_LARGE"),
        ("POST", "/v1/auth/login", {"content": b'{"pasword":"x"}'}, 400, "UNKNOWN_FIELD"),
        ("GET", PAGE, {"headers": {"x-long": "x" * 20_000}}, 431, "HEADERS_TOO_LARGE"),
    ],
    ids=lambda each: str(each)[:40],
)
def test_what_envoy_refuses(edge: Edge, method: str, path: str, more: dict[str, Any], status: int, reason: str) -> None:
    """What no server has seen is refused in the form of all errors: with a reason, and the id of the request."""
    with edge.client() as client:
        answer = client.request(method, path, **more)
    assert told(answer)[:2] == (status, reason)


def test_a_request_that_is_none(edge: Edge) -> None:
    """What is not even HTTP is refused as JSON, too; no request has an id then."""
    place = urlsplit(edge.http)
    with closing(socket.create_connection((place.hostname, place.port), timeout=5)) as raw:
        raw.sendall(b"GET /v1/pages/a HTTP/1.1\r\nhost: a\r\nx_y: 1\r\nx y: 1\r\n\r\n")
        answer = http.client.HTTPResponse(raw)
        answer.begin()
        assert answer.status == httpx.codes.BAD_REQUEST
        details = json.loads(answer.read())["details"] if answer.length else []
        assert [each["@type"].rpartition(".")[2] for each in details] in (["ErrorInfo", "RequestInfo"], [])


def test_head_has_no_body(edge: Edge) -> None:
    """HEAD of what is refused has the status, and nothing behind it."""
    with edge.client() as client:
        for path, status in ((f"{PAGE}?zz=1", 400), (f"{PAGE}?anyLocale=perhaps", 400), ("/v1/nothing", 404)):
            answer = client.head(path)
            assert (answer.status_code, answer.content) == (status, b"")
