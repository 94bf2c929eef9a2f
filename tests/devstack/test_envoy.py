"""The Envoy configuration: it agrees with the contract, and does for HTTP what the transcoder alone does not."""

import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet, MethodDescriptorProto, MethodOptions

from deploy.envoy.render import HERE, PUBLIC_READS, PUBLIC_STREAMS, READS, SERVICES, STREAMS
from devstack import binaries
from devstack.envoy import DESCRIPTOR
from devstack.home import Home
from gazette.access.v1.access_pb2 import access
from tests.devstack.echo import echoing


def methods() -> Iterator[tuple[str, MethodDescriptorProto]]:
    """Every RPC of ours with its gRPC path, from the descriptors that Envoy reads."""
    for file in FileDescriptorSet.FromString(DESCRIPTOR.read_bytes()).file:
        for service in file.service:
            for method in service.method:
                yield f"/{file.package}.{service.name}/{method.name}", method


def test_services_are_the_contract_s() -> None:
    """Every service that has an HTTP form is transcoded, and no other."""
    http: Any = annotations_pb2.http
    transcoded = {path.split("/")[1] for path, method in methods() if method.options.HasExtension(http)}
    assert set(SERVICES) == transcoded


def test_routes_know_streams_and_reads() -> None:
    """Streams alone have no timeout; what is tried again after an answer has no side effects."""
    for path, method in methods():
        is_stream = method.client_streaming or method.server_streaming
        is_read = method.options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS and not is_stream
        assert bool(re.fullmatch(STREAMS, path)) == is_stream, path
        assert bool(re.fullmatch(READS, path)) == is_read, path


def test_routes_know_what_the_public_reads() -> None:
    """What nobody signs in for and changes nothing is limited by Envoy, but for the health; all else by the server."""
    for path, method in methods():
        is_free = method.options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS and method.options.Extensions[access].public
        is_limited = is_free and "SystemService" not in path
        is_stream = method.client_streaming or method.server_streaming
        assert bool(re.fullmatch(PUBLIC_STREAMS, path)) == (is_limited and is_stream), path
        assert bool(re.fullmatch(PUBLIC_READS, path)) == (is_limited and not is_stream), path


@pytest.mark.parametrize("server", [["--socket-dir", "/run/gazette", "--workers", "3"], ["--endpoint", "server:50051"]])
@pytest.mark.parametrize("more", [[], ["--metrics-port", "9465"]])
def test_rendered_configuration_is_valid(server: list[str], more: list[str], tmp_path: Path) -> None:
    """What the command prints is a configuration that Envoy accepts, for sockets and for a server elsewhere."""
    options = [*server, *more, "--descriptor", str(DESCRIPTOR), "--cors-origin", "https://example.gov", "--trusted-hops", "1"]
    command = [sys.executable, "-I", str(HERE / "render.py"), *options]
    configuration = tmp_path / "envoy.yaml"
    configuration.write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    envoy = [binaries.binary(binaries.ENVOY), "--mode", "validate", "--log-level", "warning", "-c", str(configuration)]
    checked = subprocess.run(envoy, check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert "Deprecated" not in checked.stderr


@pytest.fixture(scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of an Envoy in front of a few RPCs of the contract."""
    async with echoing(Home.at(tmp_path_factory.mktemp("envoy"))) as url, httpx.AsyncClient(base_url=url) as http:
        yield http


CLAIMS = {
    "x-forwarded-for": "6.6.6.6",
    "x-real-ip": "6.6.6.6",
    "forwarded": "for=6.6.6.6",
    "x-envoy-external-address": "6.6.6.6",
    "x-envoy-original-method": "DELETE",
    "x-user-id": "root",
    "grpc-metadata-x-user-id": "root",
    "x-declared-length": "666",
    "x-http-status": "666",
}


async def test_claims_do_not_arrive(client: httpx.AsyncClient) -> None:
    """Of what a client claims about itself only Envoy's own word reaches the server (Z7)."""
    seen = (await client.get("/v1/pages/a", headers={**CLAIMS, "authorization": "Bearer t"})).json()["page"]["html"]
    assert "6.6.6.6" not in seen
    assert "root" not in seen
    assert "666" not in seen
    assert "x-forwarded-for: '127.0.0.1'" in seen
    assert "x-envoy-original-method: 'GET'" in seen
    assert "authorization: 'Bearer t'" in seen


async def test_head_is_get_without_its_body(client: httpx.AsyncClient) -> None:
    """HEAD answers with the status, the headers and the length of a GET, and the connection can be used on."""
    plain = {"accept-encoding": "identity"}
    for encoding in ("identity", "gzip, br"):
        head = await client.head("/v1/pages/a", headers={"accept-encoding": encoding})
        get = await client.get("/v1/pages/a", headers=plain)
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", 'W/"1"')
        assert head.headers["content-length"] == get.headers["content-length"]
    assert (await client.head("/v1/pages/gone")).status_code == 410


async def test_statuses(client: httpx.AsyncClient) -> None:
    """The server's x-http-status becomes the status and is gone; a 304 has no body, compressed or not."""
    gone = await client.get("/v1/pages/gone")
    assert (gone.status_code, gone.headers.get("x-http-status")) == (410, None)
    for encoding in ("identity", "gzip, br"):
        unchanged = await client.get("/v1/pages/unchanged", headers={"accept-encoding": encoding})
        assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", 'W/"1"')
        assert "content-encoding" not in unchanged.headers


@pytest.mark.parametrize(
    ("path", "said"), [("/v1/pages/a", "public, max-age=30"), ("/health", "no-store"), ("/nowhere", "no-store")]
)
async def test_only_what_says_so_is_kept(client: httpx.AsyncClient, path: str, said: str) -> None:
    """The server says what may be kept on the way; tokens, drafts and refusals, of which it says nothing, may not."""
    assert (await client.get(path)).headers.get_list("cache-control") == [said]


async def test_compression_keeps_weak_etags(client: httpx.AsyncClient) -> None:
    """A compressed answer still has the ETag that the server gave it."""
    answer = await client.get("/v1/pages/a", headers={"accept-encoding": "gzip"})
    assert (answer.headers["content-encoding"], answer.headers["etag"]) == ("gzip", 'W/"1"')


async def test_options(client: httpx.AsyncClient) -> None:
    """OPTIONS is answered with the path's methods, without a body and without letting a foreign origin in."""
    asked = {"origin": "https://elsewhere.example", "access-control-request-method": "GET"}
    answer = await client.options("/v1/pages/a", headers=asked)
    assert (answer.status_code, answer.content, answer.headers["allow"]) == (204, b"", "GET, HEAD, OPTIONS")
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("path", "headers", "status", "code", "reason"),
    [
        ("/nowhere", {}, 404, 5, "ROUTE_NOT_FOUND"),
        ("/v1/pages/a?unknown=1", {}, 400, 3, "UNKNOWN_FIELD"),
        ("/v1/documents/a%2Fb", {}, 400, 3, "INVALID_PATH"),
        ("/v1/pages", {}, 501, 12, None),
        ("/v1/pages/a", {"x-long": "x" * 70_000}, 431, 3, "HEADERS_TOO_LARGE"),
    ],
)
async def test_errors_are_json(
    client: httpx.AsyncClient, path: str, headers: dict[str, str], status: int, code: int, reason: str | None
) -> None:
    """Whoever refuses a request, Envoy or the server, the answer is a google.rpc.Status."""
    answer = await client.get(path, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    error = answer.json()
    assert error["code"] == code
    assert next((detail["reason"] for detail in error["details"]), None) == reason
