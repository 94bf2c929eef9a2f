"""Front ends of other origins: which may call, what their scripts can read, and what caches between keep apart."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from deploy.envoy.render import HERE
from server.settings.values import origins as checked
from tests.caching import cached
from tests.edge import Edge
from tests.system.test_edge import PAGE, envoy_for

SITE, OTHER = "https://www.example.gov", "http://localhost:5173"
ORIGINS = [SITE, "https://*.preview.example.gov", "http://localhost:*", "https://[2001:db8::1]:8443", "capacitor://localhost"]
MIB = 1024 * 1024
FRAME = b"\0\0\0\0\0"
"""A gRPC message without a field."""


@pytest.fixture(scope="module")
def base(edge: Edge, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with envoy_for(edge, tmp_path_factory.mktemp("cors"), cors_origins=ORIGINS) as url:
        yield url


@pytest.fixture
def client(base: str) -> Iterator[httpx.Client]:
    with closing(httpx.Client(base_url=base, timeout=10)) as opened:
        yield opened


def preflight(
    client: httpx.Client, path: str, *, origin: str = SITE, method: str = "PATCH", headers: str = ""
) -> httpx.Response:
    asked = {"origin": origin, "access-control-request-method": method}
    return client.options(path, headers={**asked, **({"access-control-request-headers": headers} if headers else {})})


def varies(answer: httpx.Response) -> set[str]:
    return {name.strip().lower() for name in answer.headers.get("vary", "").split(",")}


@pytest.mark.parametrize(
    "origin",
    [
        SITE,
        "https://pr-12.preview.example.gov",
        "http://localhost",
        "http://localhost:3000",
        "http://localhost:65535",
        "https://[2001:db8::1]:8443",
        "capacitor://localhost",
    ],
)
def test_who_is_let_in(client: httpx.Client, origin: str) -> None:
    """A listed origin, and one that a pattern stands for, may ask and read; every cache is told that it matters who asks."""
    answer = client.get(PAGE, headers={"origin": origin})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, origin)
    assert {"origin", "accept-encoding"} <= varies(answer)
    assert preflight(client, PAGE, origin=origin).headers["access-control-allow-origin"] == origin
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "*",
        "http://www.example.gov",
        "https://www.example.gov:8443",
        "https://www.example.gov.evil.example",
        "https://evilwww.example.gov",
        "https://wwwxexample.gov",
        "https://www.example.gov/",
        "https://preview.example.gov",
        "https://.preview.example.gov",
        "https://a.b.preview.example.gov",
        "https://a.previewxexample.gov",
        "https://a@x.preview.example.gov",
        "http://a.preview.example.gov",
        "https://localhost:3000",
        "http://localhost:",
        "http://localhost:3000x",
        "http://localhost.evil.example:3000",
        "http://127.0.0.1:3000",
        "https://[2001:db8::1]",
    ],
)
def test_who_is_not(client: httpx.Client, origin: str) -> None:
    """Scheme, each label of the host and port are compared whole: all others are told nothing that lets them in."""
    for answer in (client.get(PAGE, headers={"origin": origin}), preflight(client, PAGE, origin=origin)):
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert "origin" in varies(answer)


def test_without_an_origin(client: httpx.Client) -> None:
    """What a cache is told does not depend on who asked first."""
    assert {"origin", "accept-encoding"} <= varies(client.get(PAGE))
    unchanged = client.get(PAGE, headers={"if-none-match": "*"})
    assert unchanged.status_code == 304
    assert {"origin", "accept-encoding"} <= varies(unchanged)


@pytest.mark.parametrize("path", [PAGE, "/v1/documents", "/nowhere", "/gazette.delivery.v1.DeliveryService/GetPage"])
def test_preflights(client: httpx.Client, path: str) -> None:
    """A browser learns once in two hours what it may send; at any path, so that scripts read the 404 or 405 that follows."""
    wanted = (
        "authorization content-type grpc-timeout idempotency-key if-none-match if-range range traceparent tus-resumable"
        " upload-checksum upload-defer-length upload-length upload-metadata upload-offset x-grpc-web x-http-method-override"
        " x-min-record-number x-request-id x-user-agent"
    )
    answer = preflight(client, path, headers=wanted.replace(" ", ","))
    allowed = {name.strip() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert set(wanted.split()) == allowed
    methods = {name.strip() for name in answer.headers["access-control-allow-methods"].split(",")}
    assert {"GET", "HEAD", "POST", "PATCH", "DELETE"} <= methods
    assert (answer.headers["access-control-max-age"], answer.content) == ("7200", b"")
    assert "origin" in varies(answer)


def exposed(answer: httpx.Response) -> set[str]:
    return {name.strip() for name in answer.headers["access-control-expose-headers"].split(",")}


SAFELISTED = {"cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma"}
OF_NO_USE = {
    "content-encoding",
    "content-security-policy",
    "date",
    "grpc-accept-encoding",
    "server",
    "transfer-encoding",
    "vary",
    "x-content-type-options",
}


def test_what_scripts_can_read(client: httpx.Client, edge: Edge) -> None:
    """Of each answer all that a caller has a use for can be read: ETag, Location, limits, the request's id, gRPC's status."""
    with closing(edge.client("author@example.gov")) as author:
        token = {"authorization": author.headers["authorization"]}
    asked = {"origin": OTHER, **token}
    answers = [
        client.get(PAGE, headers=asked),
        client.get("/v1/documents", headers=asked),
        client.delete(PAGE, headers=asked),
        client.get("/v1/auth/me", headers={"origin": OTHER}),
        web(client, "gazette.system.v1.SystemService/GetHealth"),
    ]
    for answer in answers:
        own = {name for name in answer.headers if not name.startswith("access-control-")}
        assert own - SAFELISTED - OF_NO_USE <= exposed(answer)
    assert {"etag", "location", "retry-after", "content-range", "content-disposition", "allow"} <= exposed(answers[0])
    assert "ratelimit-remaining" in answers[1].headers


REFUSED = [
    ("GET", "/nowhere", {}, b"", 404),
    ("GET", "/v1/pages/nothing", {}, b"", 404),
    ("DELETE", PAGE, {}, b"", 405),
    ("GET", "/v1/documents/a%2Fb", {}, b"", 400),
    ("GET", "/v1/pages/a%00b", {}, b"", 400),
    ("GET", f"{PAGE}?unknown=1", {}, b"", 400),
    ("GET", "/v1/auth/me", {}, b"", 401),
    ("POST", "/v1/auth/login", {"content-type": "application/json"}, b"{", 400),
    ("POST", "/v1/auth/login", {"content-type": "application/json"}, b" " * 5 * MIB, 413),
    ("POST", "/v1/auth/login", {"content-encoding": "gzip"}, b"{}", 415),
    ("GET", PAGE, {"x-long": "x" * 20_000}, b"", 431),
]


@pytest.mark.parametrize(("method", "path", "headers", "content", "status"), REFUSED)
def test_refusals_can_be_read(
    client: httpx.Client, method: str, path: str, headers: dict[str, str], content: bytes, status: int
) -> None:
    """Whoever refuses a call, Envoy or the server, a script of the front end reads why."""
    answer = client.request(method, path, headers={"origin": OTHER, **headers}, content=content)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, OTHER)
    assert answer.json()["details"][0]["reason"]
    assert "origin" in varies(answer)


def test_too_many_can_be_read(edge: Edge, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A front end that is limited reads when it may come again."""
    options = {"reads_per_second": 1, "reads_burst": 1, "cors_origins": [OTHER]}
    with envoy_for(edge, tmp_path_factory.mktemp("limited"), **options) as base:
        answers = [httpx.get(base + PAGE, headers={"origin": OTHER}) for _ in range(5)]
    limited = next(answer for answer in answers if answer.status_code == 429)
    assert limited.headers["access-control-allow-origin"] == OTHER
    assert "retry-after" in exposed(limited)
    assert limited.headers["retry-after"]


def web(client: httpx.Client, method: str, *, text: bool = False, encoding: str = "identity") -> httpx.Response:
    """A gRPC-Web call of an empty message, as a browser's."""
    kind = "application/grpc-web-text" if text else "application/grpc-web+proto"
    content = base64.b64encode(FRAME) if text else FRAME
    asked = {"content-type": kind, "accept": kind, "grpc-encoding": encoding, "x-grpc-web": "1", "x-user-agent": "connect-es/2"}
    return client.post(f"/{method}", content=content, headers={"origin": OTHER, **asked})


@pytest.mark.parametrize("text", [False, True])
def test_grpc_web(client: httpx.Client, text: bool) -> None:
    """A call of another origin ends with trailers in its body, or with its status among the headers that scripts can read."""
    answer = web(client, "gazette.system.v1.SystemService/GetHealth", text=text)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, OTHER)
    parts = re.findall(rb"[\w+/]+=*", answer.content) if text else []
    content = b"".join(map(base64.b64decode, parts)) if text else answer.content
    assert re.search(rb"\x80\0\0\0.grpc-status:\s?0\r\n", content, re.DOTALL)
    refused = web(client, "gazette.auth.v1.AuthService/GetMe", text=text)
    assert (refused.headers["access-control-allow-origin"], refused.headers["grpc-status"]) == (OTHER, "16")
    assert {"grpc-status", "grpc-message", "grpc-status-details-bin"} <= exposed(refused)


def test_grpc_web_that_envoy_refuses(client: httpx.Client) -> None:
    """What Envoy refuses before a server hears of it has a status that gRPC-Web's clients understand, too."""
    answer = web(client, "gazette.system.v1.SystemService/GetHealth", encoding="zip")
    assert answer.headers["content-type"] == "application/grpc-web+proto"
    assert (answer.status_code, answer.headers["grpc-status"]) == (200, "12")
    assert answer.headers["access-control-allow-origin"] == OTHER


def test_two_front_ends_behind_one_cache(base: str) -> None:
    """Each origin is let in by what the cache has for it, whoever came first; each asks the server once."""
    with cached(base) as (url, asked):
        for _ in range(2):
            assert "access-control-allow-origin" not in httpx.get(url + PAGE).headers
            for origin in (SITE, OTHER, SITE):
                answer = httpx.get(url + PAGE, headers={"origin": origin})
                assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, origin)
            foreign = httpx.get(url + PAGE, headers={"origin": "https://elsewhere.example"})
            assert "access-control-allow-origin" not in foreign.headers
    assert len(asked) == 4


RIGHT = [*ORIGINS, "https://a-b.example", "http://10.0.0.1:8000", "*", "https://example", "http://*.localhost:*"]
WRONG = [
    "www.example.gov",
    "https://www.example.gov/",
    "https://www.example.gov/app",
    "https://*",
    "https://www.*.gov",
    "https://w*.example.gov",
    "https://*.*.example.gov",
    "https://www.example.gov:*0",
    "https://user@www.example.gov",
    "HTTPS://WWW.EXAMPLE.GOV",
    "https://käpten.example",
    "null",
    "https://www.example.gov https://example.gov",
    "https://" + "a" * 300,
    "https://a.b/'; echo",
]


@pytest.mark.parametrize(("origins", "is_right"), [*((each, True) for each in RIGHT), *((each, False) for each in WRONG)])
def test_what_an_origin_is(origins: str, is_right: bool) -> None:
    """The server at its start and Envoy's renderer agree on what an origin is, and say what is none."""
    command = [sys.executable, str(HERE / "render.py"), "--endpoint", "server:50051", "--cors-origin", origins]
    rendered = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (rendered.returncode == 0) is is_right, rendered.stderr
    if is_right:
        assert checked((origins,)) == (origins,)
    else:
        assert "is no origin" in rendered.stderr
        with pytest.raises(ValueError, match="is no origin"):
            checked((origins,))
