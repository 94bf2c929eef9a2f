"""What Envoy lets through from the web: nothing that could mean two things, and no claim about who asks (D10, Z7)."""

from __future__ import annotations

import json
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from deploy.envoy.render import render
from devstack import binaries
from devstack.envoy import DESCRIPTOR
from devstack.home import Home
from devstack.ports import free_port
from tests.edge import PASSWORD, Edge

PAGE = "/v1/pages/guidance/moor-a-boat"
MIB = 1024 * 1024
CLAIMS = {
    "x-forwarded-for": "6.6.6.6",
    "x-real-ip": "6.6.6.6",
    "forwarded": "for=6.6.6.6",
    "x-envoy-external-address": "6.6.6.6",
    "x-user-id": "01900000-0000-7000-8000-000000000001",
    "grpc-metadata-x-user-id": "01900000-0000-7000-8000-000000000001",
    "grpc-metadata-authorization": "Bearer x",
}
ORIGIN = "https://www.example.gov"


@pytest.fixture
def client(edge: Edge) -> Iterator[httpx.Client]:
    with closing(edge.client()) as opened:
        yield opened


def reason(answer: httpx.Response) -> str:
    """The ErrorInfo's reason of an error, which is a google.rpc.Status as JSON."""
    assert answer.headers["content-type"] == "application/json"
    found: str = answer.json()["details"][0]["reason"]
    return found


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "why"),
    [
        ("GET", "/v1/documents/a%2Fb", {}, 400, "INVALID_PATH"),
        ("GET", "/v1%2fpages/guidance/moor-a-boat", {}, 400, "INVALID_PATH"),
        ("GET", "/v1/pages/guidance%5Cmoor-a-boat", {}, 400, "INVALID_PATH"),
        ("GET", "/v1/pages/guidance%5cmoor-a-boat", {}, 400, "INVALID_PATH"),
        ("GET", "/v1/pages/a%00b", {}, 400, "BAD_REQUEST"),
        ("GET", "/v1/pages/a%FFb", {}, 400, "MALFORMED_MESSAGE"),
        ("GET", PAGE, {"x-long": "x" * 70_000}, 431, "HEADERS_TOO_LARGE"),
        ("GET", f"{PAGE}?unknown=1", {}, 400, "UNKNOWN_FIELD"),
        ("GET", "/v2/nothing", {}, 404, "ROUTE_NOT_FOUND"),
        ("DELETE", PAGE, {}, 405, "METHOD_NOT_ALLOWED"),
        ("TRACE", PAGE, {}, 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", {}, 404, "ROUTE_NOT_FOUND"),
        ("GET", "/v1/pages/nothing", {}, 404, "PAGE_NOT_FOUND"),
    ],
)
def test_what_is_refused(client: httpx.Client, method: str, path: str, headers: dict[str, str], status: int, why: str) -> None:
    """Paths that could be read in two ways, headers that could pass for others, and what nobody serves are refused, as JSON."""
    answer = client.request(method, path, headers=headers)
    assert (answer.status_code, reason(answer)) == (status, why)


@pytest.mark.parametrize("path", ["/v1/pages/x/../guidance/moor-a-boat", "/v1//pages///guidance/moor-a-boat"])
def test_paths_are_normalised(edge: Edge, path: str) -> None:
    """Dots and doubled slashes are gone before anybody decides by the path."""
    with closing(httpx.Client(base_url=edge.http, timeout=5)) as client:
        answer = client.send(httpx.Request("GET", edge.http + path, extensions={"target": path.encode()}))
    assert answer.json()["page"]["path"] == "/guidance/moor-a-boat"


def test_underscores_are_dropped(client: httpx.Client) -> None:
    """A header with an underscore, which some proxies take for a hyphen, says nothing, and is in nobody's way (D10)."""
    assert client.get(PAGE, headers={"x_user_id": "1", "if_none_match": "*"}).status_code == 200
    token = client.post("/v1/auth/login", json={"email": "author@example.gov", "password": PASSWORD}).json()["accessToken"]
    assert client.get("/v1/auth/me", headers={"authorization_": f"Bearer {token}"}).status_code == 401


def test_a_body_that_is_too_large(client: httpx.Client) -> None:
    """A body over 4 MiB is 413 before it is read; one that does not say its length ends as soon as it is too long."""
    body = b'{"email": "' + b"x" * 5 * MIB + b'"}'
    declared = client.post("/v1/auth/login", content=body)
    assert (declared.status_code, reason(declared)) == (413, "REQUEST_TOO_LARGE")
    parts = (body[start : start + MIB] for start in range(0, len(body), MIB))
    chunked = client.post("/v1/auth/login", content=parts)
    assert (chunked.status_code, reason(chunked)) == (413, "REQUEST_TOO_LARGE")
    assert declared.json()["code"] == chunked.json()["code"] == 3
    assert client.get(PAGE).status_code == 200


def test_head(client: httpx.Client) -> None:
    """HEAD is a GET without its body, for pages that are there and for those that are not."""
    get, head = client.get(PAGE), client.head(PAGE)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "cache-control", "content-type"):
        assert head.headers[name] == get.headers[name]
    assert client.head("/v1/pages/nothing").status_code == 404


async def test_claims_change_nothing(edge: Edge) -> None:
    """What a client says of its address or of its person changes neither who it is nor what the audit has of it (Z7)."""
    request_id = f"claims-{uuid.uuid4()}"
    signing_in = {"email": "author@example.gov", "password": PASSWORD}
    async with httpx.AsyncClient(base_url=edge.http, timeout=10, headers=CLAIMS) as client:
        assert (await client.get("/v1/auth/me")).status_code == 401
        answer = await client.post("/v1/auth/login", json=signing_in, headers={"x-request-id": request_id})
    account_id = answer.json()["account"]["id"]
    home = Home.at(edge.home)
    port = json.loads((edge.home / "ports.json").read_text())["postgres"]
    audit = await asyncpg.connect(f"postgresql://gazette:{home.secret('GAZETTE_PASSWORD')}@127.0.0.1:{port}/gazette")
    try:
        row = await audit.fetchrow(
            "SELECT data ->> 'address' AS address, actor_id FROM audit_events JOIN audit_personal ON event_id = id"
            " WHERE request_id = $1",
            request_id,
        )
        address = await audit.fetchval("SELECT address FROM sessions ORDER BY create_time DESC LIMIT 1")
    finally:
        await audit.close()
    assert row is not None
    assert (row["address"], str(row["actor_id"]), address) == ("127.0.0.1", account_id, "127.0.0.1")


def preflight(base: str, origin: str) -> httpx.Response:
    asked = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    return httpx.options(f"{base}/v1/documents", headers=asked, timeout=5)


def test_no_origin_is_let_in_unasked(edge: Edge) -> None:
    """Without a list of origins the browser of a foreign site is told nothing that would let it in."""
    answer = preflight(edge.http, ORIGIN)
    assert (answer.status_code, answer.content) == (204, b"")
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@contextmanager
def envoy_for(edge: Edge, directory: Path, **options: Any) -> Iterator[str]:
    """Another Envoy before the same workers, rendered with these options. Its base URL."""
    scheme = "https" if options.get("tls") else "http"
    port, configuration = free_port(), directory / "envoy.yaml"
    sockets = Home.at(edge.home).sockets
    configuration.write_text(
        render(
            endpoints=[str(sockets / f"worker-{worker}.sock") for worker in range(2)],
            descriptor=str(DESCRIPTOR),
            listen=f"127.0.0.1:{port}",
            admin=f"127.0.0.1:{free_port()}",
            **options,
        )
    )
    command = [binaries.binary(binaries.ENVOY), "-c", str(configuration), "--disable-hot-restart", "--concurrency", "1"]
    process = subprocess.Popen([*command, "--log-level", "off"], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while not answers(f"{scheme}://localhost:{port}"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield f"{scheme}://localhost:{port}"
    finally:
        process.terminate()
        process.wait(20)


def answers(base: str) -> bool:
    try:
        return httpx.get(f"{base}/health", timeout=2, verify=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def test_an_origin_that_is_let_in(edge: Edge, tmp_path: Path) -> None:
    """A listed origin may ask with a token and read the answer and its headers; any other may not."""
    with envoy_for(edge, tmp_path, cors_origins=[ORIGIN]) as base:
        allowed = preflight(base, ORIGIN)
        assert allowed.status_code in {200, 204}
        assert allowed.headers["access-control-allow-origin"] == ORIGIN
        assert "authorization" in allowed.headers["access-control-allow-headers"]
        assert "PATCH" in allowed.headers["access-control-allow-methods"]
        page = httpx.get(base + PAGE, headers={"origin": ORIGIN}, timeout=5)
        assert page.headers["access-control-allow-origin"] == ORIGIN
        assert "etag" in page.headers["access-control-expose-headers"]
        foreign = preflight(base, "https://elsewhere.example")
        assert "access-control-allow-origin" not in foreign.headers
