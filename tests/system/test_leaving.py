"""Clients that leave in the middle, of every kind of call, at many moments: no error of the server's."""

from __future__ import annotations

import base64
import itertools
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import closing

import grpc
import httpx
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1.health_pb2 import HealthCheckRequest
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest

from bench.http2 import DATA, END_STREAM, HEADERS, RST_STREAM, frame
from gazette.content.v1.document_import_pb2 import ExportDocumentsRequest
from gazette.delivery.v1.delivery_service_pb2 import ListPagesRequest
from gazette.files.v1.file_pb2 import FileUpload
from gazette.files.v1.file_service_pb2 import DownloadFileRequest, UploadFileRequest
from tests.edge import Edge
from tests.frames import Client, connected, grpc_headers
from tests.installation_log import no_error_logged
from tests.polling import wait_until
from tests.refusals import http_reason

HEALTH, REFLECTION = "/grpc.health.v1.Health/", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
FILES, CONTENT = "/gazette.files.v1.FileService/", "/gazette.content.v1.ContentService/"
MOMENTS = range(6)
"""After how many frames of the server's the client leaves."""
SIDE = 1200
CANCELLED = 0x8


def noise() -> bytes:
    """A picture of 4 MB, which does not compress: more than fits into any window."""
    state, rows = 1, bytearray()
    for _ in range(SIDE):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        rows += b"\0" + (state.to_bytes(8) * (SIDE * 3 // 8))
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(rows), 0)),
        (b"IEND", b""),
    ]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def message(serialised: bytes) -> bytes:
    """As it travels, after its length."""
    return b"\0" + len(serialised).to_bytes(4) + serialised


@pytest.fixture(scope="module")
def admin(edge: Edge) -> Iterator[httpx.Client]:
    with closing(edge.client("admin@example.gov")) as client:
        yield client


@pytest.fixture(scope="module")
def organisation_id(admin: httpx.Client) -> str:
    return str(admin.get("/v1/organisations").json()["organisations"][0]["id"])


@pytest.fixture(scope="module")
def file_id(admin: httpx.Client, organisation_id: str) -> str:
    query = {"organisationId": organisation_id, "name": "noise.png"}
    answer = admin.post("/v1/files:upload", params=query, content=noise(), headers={"content-type": "image/png"}, timeout=60)
    return str(answer.raise_for_status().json()["file"]["id"])


def leave(client: Client, stream: int, moment: int, *, abruptly: bool) -> None:
    """Reads so many frames about the call, and goes: with a word, or without."""
    about = (each for each in client.frames() if each.stream == stream)
    for each in itertools.islice(about, moment):
        if each.kind in {DATA, HEADERS} and each.flags & END_STREAM:
            break
    if abruptly:
        client.vanish()
    else:
        client.send(frame(RST_STREAM, 0, stream, CANCELLED.to_bytes(4)))


def counted(edge: Edge, path: str, code: str = "CANCELLED") -> float:
    """How many calls of the method ended so, as the metrics have it."""
    name = re.escape(f'gazette_call_seconds_count{{code="{code}",method="{path}"}}')
    found = re.search(rf"^{name} (\S+)$", httpx.get(edge.metrics, timeout=30).text, re.MULTILINE)
    return float(found[1]) if found else 0.0


@pytest.mark.parametrize("port", ["grpc", "http"])
@pytest.mark.parametrize("abruptly", [False, True], ids=["with a word", "without"])
def test_clients_that_leave(
    edge: Edge, admin: httpx.Client, organisation_id: str, file_id: str, port: str, abruptly: bool
) -> None:
    """Clients that leave while they send, while they are sent something and while nothing is said are no error: none is logged
    and what was under way counts as CANCELLED (X10)."""
    place, token = str(getattr(edge, port)), admin.headers["authorization"].encode()
    upload = UploadFileRequest(upload=FileUpload(organisation_id=organisation_id, name="noise.png", size_bytes=len(noise())))
    piece = message(UploadFileRequest(chunk=noise()[:8192]).SerializeToString())
    ask = message(ServerReflectionRequest(file_containing_symbol="gazette.content.v1.ContentService").SerializeToString())
    calls = [
        ("/gazette.delivery.v1.DeliveryService/ListPages", message(ListPagesRequest().SerializeToString()), True),
        (CONTENT + "ExportDocuments", message(ExportDocumentsRequest().SerializeToString()), True),
        (FILES + "DownloadFile", message(DownloadFileRequest(id=file_id).SerializeToString()), True),
        (FILES + "UploadFile", message(upload.SerializeToString()) + piece, False),
        (HEALTH + "Check", message(HealthCheckRequest().SerializeToString()), True),
        (HEALTH + "Watch", message(HealthCheckRequest().SerializeToString()), True),
        (REFLECTION, ask, False),
    ]
    silent = {FILES + "UploadFile": 0, HEALTH + "Watch": 2, REFLECTION: 2}
    """After how many frames nothing more comes by itself."""
    before = {path: counted(edge, path) for path, _, _ in calls}
    stored = counted(edge, FILES + "UploadFile", "OK")
    with no_error_logged(edge):
        for moment, (path, body, ends) in itertools.product(MOMENTS, calls):
            with connected(place) as client:
                stream = client.call(grpc_headers(path, (b"authorization", token)), body, ends=ends)
                if path == FILES + "UploadFile":
                    for _ in range(moment):
                        client.send(frame(DATA, 0, stream, piece))
                leave(client, stream, min(moment, silent.get(path, moment)), abruptly=abruptly)
        for path in (FILES + "DownloadFile", HEALTH + "Watch", REFLECTION):
            wait_until(lambda path=path: counted(edge, path) > before[path])  # type: ignore[misc]
        assert counted(edge, FILES + "UploadFile", "OK") == stored
        assert httpx.get(f"{edge.http}/health", timeout=30).status_code == httpx.codes.OK


@pytest.mark.parametrize("path", [HEALTH + "Check", HEALTH + "Watch", HEALTH + "List", REFLECTION])
def test_garbage_for_grpc_s_own_services(edge: Edge, path: str) -> None:
    """Bytes that are no message are INVALID_ARGUMENT with an ErrorInfo at health and reflection, as everywhere; no error is
    logged."""
    with no_error_logged(edge), connected(edge.grpc) as client:
        for garbage in (b"\xff\xff\xff", b"\x0a\xff\xff\xff\x7f"):
            answer = client.answer(client.call(grpc_headers(path), message(garbage)))
            assert answer.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
            status, info = status_pb2.Status(), error_details_pb2.ErrorInfo()
            status.ParseFromString(decoded(answer.headers[b"grpc-status-details-bin"]))
            assert status.details[0].Unpack(info)
            assert (info.reason, info.domain) == ("MALFORMED_MESSAGE", "gazette")


def decoded(value: bytes) -> bytes:
    return base64.b64decode(value + b"=" * (-len(value) % 4))


def test_garbage_over_http(edge: Edge) -> None:
    """Nobody reaches health or reflection over HTTP/JSON."""
    for path in (HEALTH + "Check", REFLECTION):
        answer = httpx.post(edge.http + path, content=b"\xff", timeout=30)
        assert (answer.status_code, http_reason(answer)) == (404, "ROUTE_NOT_FOUND")
