"""Headers of any bytes, through both ports: they are refused as JSON, or they change nothing (C8)."""

from __future__ import annotations

import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import grpc
import httpx
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from devstack.home import Home
from gazette.system.v1.system_service_pb2 import GetHealthRequest
from gazette.system.v1.system_service_pb2_grpc import SystemServiceStub
from tests.edge import Edge
from tests.frames import PATIENCE, Answer, address_of, connected, grpc_headers
from tests.installation_log import no_error_logged

ROOT = Path(__file__).resolve().parents[2]
PAGE = "/v1/pages/guidance/moor-a-boat"
HEALTH = "/gazette.system.v1.SystemService/GetHealth"
TOKEN = b"!#$%&'*+-.^`|~0123456789abcdefghijklmnopqrstuvwxyz"
READ_BY_SOMEBODY = [
    b"user-agent",
    b"authorization",
    b"accept-encoding",
    b"content-type",
    b"cookie",
    b"if-none-match",
    b"idempotency-key",
    b"grpc-timeout",
    b"grpc-encoding",
    b"grpc-accept-encoding",
    b"grpc-status",
    b"grpc-tags-bin",
    b"host",
    b"origin",
    b"te",
    b"x-forwarded-for",
    b"x-forwarded-proto",
    b"x-grpc-web",
    b"x-request-id",
]
"""Names that mean something to Envoy, to gRPC or to the server."""
NAMES = some.sampled_from(READ_BY_SOMEBODY) | some.lists(some.sampled_from(TOKEN), min_size=1, max_size=20).map(bytes)
ANY = some.binary(max_size=60)
HEADERS = some.lists(some.tuples(NAMES | ANY, ANY), min_size=1, max_size=4)
A_FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)


def asked(edge: Edge, *headers: tuple[bytes, bytes]) -> httpx.Response | None:
    """The answer to a page's request with these headers, byte by byte; None where the connection was closed at once."""
    head = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    with socket.create_connection(address_of(edge.http), timeout=PATIENCE) as connection:
        connection.sendall(f"GET {PAGE} HTTP/1.1\r\nhost: gazette\r\nconnection: close\r\n".encode() + head + b"\r\n")
        received = b""
        try:
            while not is_whole(received) and (part := connection.recv(65_536)):
                received += part
        except ConnectionError:
            pass
    if not received:
        return None
    first, _, body = received.partition(b"\r\n\r\n")
    status, *lines = first.decode("latin-1").split("\r\n")
    fields = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    kept = [(name, value) for name, value in fields if name not in {"content-encoding", "transfer-encoding"}]
    return httpx.Response(int(status.split()[1]), headers=kept, content=body)


def is_whole(received: bytes) -> bool:
    """Whether that is a whole answer: Envoy leaves a connection on which nonsense came open for a second."""
    head, end, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"^content-length: (\d+)", head, re.MULTILINE)
    return bool(end) and length is not None and len(body) >= int(length[1])


def called(place: str, *headers: tuple[bytes, bytes], path: str | bytes = HEALTH, **pseudo: bytes) -> Answer:
    with connected(place) as client:
        return client.answer(client.call(grpc_headers(path, *headers, **pseudo)))


def reason(answer: httpx.Response) -> str:
    """Of a refusal as JSON; a client that closes at once has its body in chunks."""
    return str(json.loads(answer.content[answer.content.index(b"{") : answer.content.rindex(b"}") + 1])["details"][0]["reason"])


def workers(edge: Edge) -> list[str]:
    return [str(path) for path in sorted(Home.at(edge.home).sockets.glob("worker-*.sock"))]


def processes(edge: Edge) -> list[int]:
    children = psutil.Process(edge.process.pid).children(recursive=True)
    return sorted(child.pid for child in children if "worker" in child.cmdline())


def assert_served(edge: Edge) -> None:
    """Everybody else is answered, at both ports and by each worker."""
    assert httpx.get(edge.http + PAGE, timeout=PATIENCE).status_code == httpx.codes.OK
    for place in (edge.grpc, *workers(edge)):
        assert called(place).code == 0


@A_FEW
@given(headers=HEADERS)
def test_any_header_over_http(edge: Edge, headers: list[tuple[bytes, bytes]]) -> None:
    """Whatever bytes a header's name and value are, over HTTP nobody is told that it is the server's fault, and nothing but the
    call itself is logged (C8)."""
    with no_error_logged(edge):
        answer = asked(edge, *headers)
        assert answer is None or answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR


@A_FEW
@given(headers=HEADERS)
def test_any_header_over_grpc(edge: Edge, headers: list[tuple[bytes, bytes]]) -> None:
    """Whatever bytes metadata is of, at both ports the call ends and no error is logged; through Envoy it is not even the
    server's fault (C8)."""
    with no_error_logged(edge):
        for place in (edge.grpc, edge.http):
            assert called(place, *headers).http_status < httpx.codes.INTERNAL_SERVER_ERROR
        assert called(edge.http, *headers).code != grpc.StatusCode.INTERNAL.value[0]


@A_FEW
@given(path=some.binary(min_size=1, max_size=40))
def test_any_path(edge: Edge, path: bytes) -> None:
    """A path of any bytes is one that nobody serves, and ends no worker."""
    with no_error_logged(edge):
        for place in (edge.grpc, edge.http):
            assert called(place, path=path).code in {None, grpc.StatusCode.UNIMPLEMENTED.value[0]}


def test_bytes_that_are_no_text_end_no_worker(edge: Edge) -> None:
    """A path, a user agent and other metadata that are no UTF-8 leave the same workers serving."""
    before = processes(edge)
    with no_error_logged(edge):
        for place in (*workers(edge), edge.grpc, edge.http):
            for path in (b"/caf\xe9", HEALTH.encode() + b"\xff"):
                assert called(place, path=path).code == grpc.StatusCode.UNIMPLEMENTED.value[0]
            for name in (b"user-agent", b"x-request-id", b"idempotency-key", b"x-y"):
                assert called(place, (name, b"caf\xe9")).code == 0
        assert_served(edge)
    assert processes(edge) == before


def test_by_the_hundred(edge: Edge) -> None:
    """A hundred requests at once whose user agent is no text are answered, and so is a reader beside them; the log has no more
    than a line for each."""
    with no_error_logged(edge) as log, ThreadPoolExecutor(20) as pool:
        over_http = [
            pool.submit(asked, edge, (b"user-agent", b"caf\xe9"), (b"x-y", bytes(range(128, 256)))) for _ in range(100)
        ]
        over_grpc = [pool.submit(called, edge.grpc, (b"user-agent", b"caf\xe9")) for _ in range(100)]
        assert_served(edge)
        assert {answer.status_code for each in over_http if (answer := each.result())} == {httpx.codes.OK}
        assert {each.result().code for each in over_grpc} == {0}
        assert sum(map(len, log.lines())) < 100_000


@pytest.mark.parametrize(
    "header",
    [
        b"X%Y: 1",
        *(bytes([char]) + b": 1" for char in TOKEN if char not in b"_"),
        b"x-a:",
        b"x-a: 1\r\n 2",
        b"idempotency-key:",
        b"authorization:",
        b"if-none-match:",
        b"accept: application/grpc-web-text",
        b"x_user_id: 1",
        b"content_length: 7",
        b"_: 1",
        b"x!#$&'*+^`|~y: 1",
        b"x-a-bin: !!",
        b"grpc-tags-bin: !!",
        b"grpc-timeout: abc",
        b"grpc-encoding: x",
        b"grpc-accept-encoding: \xff",
        b"grpc-previous-rpc-attempts: x",
        b"grpc-status: x",
        b"te: gzip",
        b"user-agent: caf\xe9",
        b"cookie: \xff\xfe",
        b"if-none-match: \xe9",
        b"x-request-id: \xe9",
        b"content-type: application/grpc",
        b"content-type: application/grpc-web",
        b"content-type: \xff",
        b"traceparent: \x80",
    ],
)
def test_what_nobody_reads_changes_nothing(edge: Edge, header: bytes) -> None:
    """A header that is gRPC's, malformed, or of a name that gRPC refuses leaves a page's request as it is."""
    name, _, value = header.partition(b": ")
    answer = asked(edge, (name, value))
    assert answer is not None
    assert answer.status_code == httpx.codes.OK


@pytest.mark.parametrize(
    ("headers", "status", "why"),
    [
        ([(b"x-long", b"x" * 20_000)], 431, "HEADERS_TOO_LARGE"),
        ([(b"user-agent", b"x" * 20_000)], 431, "HEADERS_TOO_LARGE"),
        ([(b"cookie", b"\xff" * 50_000)], 431, "HEADERS_TOO_LARGE"),
        ([(b"x-long", b"x" * 70_000)], 431, "HEADERS_TOO_LARGE"),
        ([(b"x-%d" % number, b"1") for number in range(200)], 431, "HEADERS_TOO_LARGE"),
        ([(b"x-%d" % number, b"") for number in range(1000)], 431, "HEADERS_TOO_LARGE"),
        ([(b"x-y", b"a\x00b")], 400, "BAD_REQUEST"),
        ([(b"x y", b"1")], 400, "BAD_REQUEST"),
        ([(b"transfer-encoding", b"gzip")], 400, "BAD_REQUEST"),
        ([(b"content-length", b"-1")], 400, "BAD_REQUEST"),
        ([(b"authorization", b"Bearer caf\xe9")], 200, ""),
    ],
)
def test_what_is_refused(edge: Edge, headers: list[tuple[bytes, bytes]], status: int, why: str) -> None:
    """What is too large or no header at all is refused with a reason, over HTTP/1.1."""
    answer = asked(edge, *headers)
    assert answer is not None
    assert answer.status_code == status
    assert not why or reason(answer) == why


def test_large_headers_over_http2(edge: Edge) -> None:
    """Headers of twenty kilobytes are refused over HTTP/2 as over HTTP/1.1; a gRPC call with them is INVALID_ARGUMENT."""
    large = (b"x-long", b"x" * 20_000)
    plain = [(b":method", b"GET"), (b":scheme", b"http"), (b":path", PAGE.encode()), (b":authority", b"gazette"), large]
    with connected(edge.http) as client:
        assert client.answer(client.call(plain, b"")).http_status == httpx.codes.REQUEST_HEADER_FIELDS_TOO_LARGE
    assert called(edge.http, large).code == grpc.StatusCode.INVALID_ARGUMENT.value[0]


def test_a_malformed_header_is_nobody_else_s(edge: Edge) -> None:
    """A value that gRPC cannot parse, once sent through Envoy, makes nobody else's header of that name wrong, though they share
    Envoy's connections to the workers."""
    for header in ((b"grpc-timeout", b"abc"), (b"grpc-encoding", b"x"), (b"grpc-status-details-bin", b"!!")):
        for _ in range(8):
            asked(edge, header)
            called(edge.http, header)
    with grpc.insecure_channel(address_text(edge)) as channel:
        for _ in range(8):
            stub = SystemServiceStub(channel)
            assert stub.GetHealth(GetHealthRequest(), timeout=PATIENCE, compression=grpc.Compression.Gzip).status


def address_text(edge: Edge) -> str:
    return ":".join(map(str, address_of(edge.http)))


def test_credentials_of_any_bytes(edge: Edge) -> None:
    """A credential that is no text is UNAUTHENTICATED."""
    with closing(httpx.Client(base_url=edge.http, timeout=PATIENCE)) as client:
        answer = client.get("/v1/auth/me", headers=[(b"authorization", b"Bearer caf\xe9")])
    assert (answer.status_code, answer.json()["details"][0]["reason"]) == (401, "INVALID_ACCESS_TOKEN")
    get_me = "/gazette.auth.v1.AuthService/GetMe"
    for credential in (b"Bearer caf\xe9", b"\xff\xff", b"Bearer \x00", b"Bearer gaz_\xff"):
        assert called(edge.grpc, (b"authorization", credential), path=get_me).code == grpc.StatusCode.UNAUTHENTICATED.value[0]


def test_what_the_server_reads_arrives() -> None:
    """Envoy passes every header on that the server's code asks for."""
    asked_for = set()
    for path in (ROOT / "server").rglob("*.py"):
        asked_for |= set(re.findall(r'(?:call|self)\.(?:metadata\.get|said)\(\s*"([^"]+)"', path.read_text()))
    ours = {"x-declared-length"}  # rest.lua adds it
    passed = re.search(r"\[\[(.*?)\]\]", (ROOT / "deploy" / "envoy" / "rest.lua").read_text(), re.DOTALL)
    assert passed is not None
    assert {"authorization", "user-agent", "idempotency-key"} <= asked_for
    assert asked_for - ours <= set(passed[1].split())
