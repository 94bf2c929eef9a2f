"""What is too large over HTTP, gRPC-Web and gRPC: named as such, and nothing that a client sends again (D1, D10, C12)."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import grpc
import httpx
import pytest
from google.rpc import error_details_pb2, status_pb2

from gazette.auth.v1.auth_service_pb2 import RefreshTokenRequest
from gazette_client import Client
from gazette_client.errors import InvalidArgument
from server.rpc.answers import MOST, MOST_OF_ONE
from tests.edge import Edge

HEALTH = "/gazette.system.v1.SystemService/GetHealth"
KINDS = ("author", "editor", "publisher", "admin")


def message(size: int) -> bytes:
    """A message of so many bytes, all of them in a field that nobody knows."""
    length = size - 6
    varint = bytes((length >> shift & 127) | (128 if shift < 21 else 0) for shift in (0, 7, 14, 21))
    return b"\xa2\x06" + varint + bytes(length)


def info(status: bytes) -> tuple[int, str]:
    """The code and the reason of a serialised google.rpc.Status."""
    told, found = status_pb2.Status.FromString(status), error_details_pb2.ErrorInfo()
    for detail in told.details:
        detail.Unpack(found)
    return told.code, found.reason


def asked(address: str, size: int) -> tuple[grpc.StatusCode, tuple[int, str]]:
    """What becomes of a message of this size: the code, and what its details say."""
    with grpc.insecure_channel(address) as channel:
        call: Any = channel.unary_unary(HEALTH)
        try:
            call(message(size), timeout=20)
        except grpc.RpcError as error:
            failed: Any = error
            details = dict(failed.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
            return failed.code(), info(details)
        return grpc.StatusCode.OK, (0, "")


def test_messages_at_the_limit(edge: Edge) -> None:
    """A message of 4 MiB is taken at both ports, and one of a byte more is INVALID_ARGUMENT with its reason. What is far larger
    gRPC refuses by its length; through Envoy it is told the same, and by our client, too. (D1)"""
    refused = (grpc.StatusCode.INVALID_ARGUMENT, (3, "REQUEST_TOO_LARGE"))
    envoy = edge.http.removeprefix("http://")
    for address in (edge.grpc, envoy):
        assert asked(address, MOST) == (grpc.StatusCode.OK, (0, ""))
        assert asked(address, MOST + 1) == refused
    assert asked(envoy, 2 * MOST) == refused
    assert asked(edge.grpc, 2 * MOST) == (grpc.StatusCode.RESOURCE_EXHAUSTED, (0, ""))
    with closing(Client(edge.grpc)) as client, pytest.raises(InvalidArgument) as caught:
        client.auth.RefreshToken(RefreshTokenRequest(refresh_token="a" * 2 * MOST))
    assert (caught.value.reason, caught.value.retry_after) == ("REQUEST_TOO_LARGE", None)


def test_large_messages_over_grpc_web(edge: Edge) -> None:
    """gRPC-Web is told the same, whoever refuses it. (D1)"""
    for size in (MOST + 1, 2 * MOST):
        body = b"\0" + size.to_bytes(4, "big") + message(size)
        answer = httpx.post(
            edge.http + HEALTH, content=body, headers={"content-type": "application/grpc-web+proto"}, timeout=20
        )
        details = answer.headers["grpc-status-details-bin"]
        assert answer.headers["grpc-status"] == "3"
        assert info(base64.b64decode(details + "=" * (-len(details) % 4))) == (3, "REQUEST_TOO_LARGE")


@pytest.fixture
def people(edge: Edge) -> Iterator[dict[str, httpx.Client]]:
    with ExitStack() as stack:
        yield {who: stack.enter_context(closing(edge.client(f"{who}@example.gov"))) for who in KINDS}


def reason(answer: httpx.Response) -> tuple[int, int, str]:
    told = answer.json()
    return answer.status_code, told["code"], told["details"][0]["reason"]


def draft(people: dict[str, httpx.Client], **said: Any) -> dict[str, Any]:
    """What a request for a new document says."""
    (organisation, *_) = people["author"].get("/v1/organisations").json()["organisations"]
    words = {"contentType": "harbour_guide", "title": "A title", "path": f"/guidance/{uuid.uuid4().hex}"}
    return {**words, "organisationId": organisation["id"], **said}


def test_small_json_that_is_a_large_message(edge: Edge, people: dict[str, httpx.Client]) -> None:
    """A megabyte of short numbers is five as a message. It is refused by their number or by its length, whichever is noticed
    first, without a word of coming back (D10)."""
    wanted = draft(people, details={"a": []})
    for body in (b"[" + b"0," * 500_000 + b"0]", b"[" + b"0," * 3_000_000 + b"0]"):
        content = httpx.Request("POST", edge.http, json=wanted).content.replace(b"[]", body)
        answer = people["author"].post("/v1/documents", content=content)
        assert reason(answer) in {(400, 3, "INVALID_JSON"), (413, 3, "REQUEST_TOO_LARGE")}
        assert "retry-after" not in answer.headers


def published(people: dict[str, httpx.Client], **said: Any) -> str:
    """The path of a new page."""
    answer = people["author"].post("/v1/documents", json=draft(people, **said))
    document = answer.raise_for_status().json()["document"]
    for who, verb in (("author", "submit"), ("editor", "approve"), ("publisher", "publish")):
        answer = people[who].post(f"/v1/documents/{document['id']}:{verb}", json={"etag": document["etag"]}, timeout=30)
        document = answer.raise_for_status().json()["document"]
    assert document["live"]["publishDuration"].endswith("s")
    return str(document["live"]["path"])


def test_documents_over_http(edge: Edge, people: dict[str, httpx.Client]) -> None:
    """A document that no answer could show is 413; lists show what is long to those who ask for it; and a page whose JSON is
    six times as long as its message comes whole. (C10, C12)"""
    kind = f"sized_{uuid.uuid4().hex[:8]}"
    people["admin"].post("/v1/content-types", json={"name": kind, "title": "Sized"}).raise_for_status()
    text = "<" * 580_000  # six characters of JSON for each
    huge = draft(people, contentType=kind, body="<!--" + "a" * 999_000 + "-->", bodyFormat="BODY_FORMAT_HTML")
    huge["details"] = {"text": "a" * (MOST_OF_ONE - 999_000)}
    assert reason(people["author"].post("/v1/documents", json=huge)) == (413, 3, "DOCUMENT_TOO_LARGE")
    path = published(people, contentType=kind, details={"text": text}, body="a")
    page = httpx.get(f"{edge.http}/v1/pages{path}", timeout=30)
    assert len(page.content) > 6 * len(text)
    assert page.json()["page"]["details"]["text"] == text
    listed = {"contentType": kind}
    for view, is_long in (("", False), ("DOCUMENT_VIEW_BASIC", False), ("DOCUMENT_VIEW_FULL", True)):
        answer = people["author"].get("/v1/documents", params={**listed, **({"view": view} if view else {})})
        (found,) = answer.raise_for_status().json()["documents"]
        assert (found["body"], found.get("details", {}).get("text")) == (("a", text) if is_long else ("", None))
    bad = people["author"].get("/v1/documents", params={"view": "DOCUMENT_VIEW_WHOLE"})
    assert bad.status_code == 400
