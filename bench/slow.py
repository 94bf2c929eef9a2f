"""What readers of pages notice of clients that are slow on purpose: they take nothing of what they asked for, send a body a
byte at a time, or open connections and say nothing.

`python -m bench.slow HTTP GRPC [NAME …]` does it to an installation that runs already, on these ports of this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import socket
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import httpx

from bench import installation
from bench.http2 import ACK, END_HEADERS, END_STREAM, HEADERS, INITIAL_WINDOW_SIZE, PREFACE, SETTINGS, frame
from bench.http2 import DATA as DATA_FRAME
from bench.installation import EMAIL, PASSWORD
from bench.reading import HOST, READS_A_SECOND, Readers, told
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportedDocument, ImportOptions, ImportOutcome
from gazette.content.v1.document_pb2 import Document, LiveState
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette.files.v1.file_service_pb2 import DownloadFileRequest
from server.demo.files import harbour_png

FILE_BYTES, PAGE_CHARACTERS, BODY_BYTES = 5_000_000, 900_000, 4_000_000
READERS, BODIES, PREFACES, CONNECTIONS = 300, 100, 500, 10_000
QUIET_SECONDS, PATIENCE_SECONDS = 8.0, 45.0
ESTABLISHED = 1
"""The state of a TCP connection, as Linux numbers it."""
GRPC, GRPC_WEB = "application/grpc", "application/grpc-web+proto"


@dataclass(frozen=True)
class Target:
    """An installation, with something large in it."""

    http: int
    grpc: int
    file: str
    """The id of a public file of 5 MB."""
    page: str
    """The path of a page of 0.9 MB."""


Attack = Callable[[Target], list[socket.socket]]
"""Opens connections, and does on them what it does; they are watched until they end."""


def connected(port: int, data: bytes = b"", *, narrow: bool = True) -> socket.socket:
    client = socket.socket()
    if narrow:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(5)
    client.connect((HOST, port))
    if data:
        client.sendall(data)
    client.setblocking(False)
    return client


def over_http1(path: str, target: Target) -> list[socket.socket]:
    """Ask, and read nothing."""
    request = f"GET {path.format(file=target.file, page=target.page)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    return [connected(target.http, request) for _ in range(READERS)]


def over_http2(kind: str, port: str, path: str, message: bytes, target: Target) -> list[socket.socket]:
    """Ask, and never open the window, though the connection is read."""
    data = b"\x00" + len(message).to_bytes(4) + message
    post = ((":method", "POST"), (":path", path), ("content-type", kind), ("te", "trailers"))
    pairs = post if kind else ((":method", "GET"), (":path", path.format(file=target.file, page=target.page)))
    head = b"".join(literal(*pair) for pair in ((":scheme", "http"), (":authority", "x"), *pairs))
    request = frame(HEADERS, END_HEADERS | (0 if kind else END_STREAM), 1, head)
    if kind:
        request += frame(DATA_FRAME, END_STREAM, 1, data)
    opening = PREFACE + frame(SETTINGS, 0, 0, INITIAL_WINDOW_SIZE + bytes(4)) + frame(SETTINGS, ACK, 0, b"")
    return [connected(getattr(target, port), opening + request, narrow=False) for _ in range(READERS)]


def literal(name: str, value: str) -> bytes:
    """A field that goes into no table (RFC 7541, 6.2.2); both shorter than 127 bytes."""
    return b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def bodies(target: Target) -> list[socket.socket]:
    """Send all of a body but its end."""
    head = f"POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {BODY_BYTES}\r\n\r\n"
    begun = head.encode() + b'{"email": "' + b"x" * (BODY_BYTES - 100_000)
    return [connected_with_body(target.http, begun) for _ in range(BODIES)]


def connected_with_body(port: int, data: bytes) -> socket.socket:
    client = socket.create_connection((HOST, port), timeout=10)
    with suppress(OSError):
        client.sendall(data)
    client.setblocking(False)
    return client


def silent(target: Target) -> list[socket.socket]:
    """Say nothing at all."""
    opened: list[socket.socket] = []
    with suppress(OSError):
        opened.extend(connected(target.http) for _ in range(CONNECTIONS))
    return opened


def prefaces(port: str, data: bytes, target: Target) -> list[socket.socket]:
    return [connected(getattr(target, port), data) for _ in range(PREFACES)]


HELLO = PREFACE + frame(SETTINGS, 0, 0, b"")
DOWNLOAD, GET_PAGE = "/gazette.files.v1.FileService/DownloadFile", "/gazette.delivery.v1.DeliveryService/GetPage"


def attacks(target: Target) -> dict[str, Attack]:
    download = DownloadFileRequest(id=target.file).SerializeToString()
    page = GetPageRequest(path=target.page, locale="en").SerializeToString()
    return {
        "download-http1": partial(over_http1, "/v1/files/{file}:download"),
        "download-http2": partial(over_http2, "", "http", "/v1/files/{file}:download", b""),
        "download-grpc-web": partial(over_http2, GRPC_WEB, "http", DOWNLOAD, download),
        "download-grpc-envoy": partial(over_http2, GRPC, "http", DOWNLOAD, download),
        "download-grpc": partial(over_http2, GRPC, "grpc", DOWNLOAD, download),
        "page-http1": partial(over_http1, "/v1/pages/{page}"),
        "page-http2": partial(over_http2, "", "http", "/v1/pages/{page}", b""),
        "page-grpc-web": partial(over_http2, GRPC_WEB, "http", GET_PAGE, page),
        "page-grpc": partial(over_http2, GRPC, "grpc", GET_PAGE, page),
        "bodies": bodies,
        "preface-http": partial(prefaces, "http", HELLO),
        "preface-grpc": partial(prefaces, "grpc", HELLO),
        "silent": silent,
    }


def prepared(http: int, port: int) -> Target:
    """Publishes a file of 5 MB and a page of 0.9 MB."""
    with httpx.Client(base_url=f"http://{HOST}:{http}", timeout=60) as client:
        answer = client.post("/v1/auth/login", json={"email": EMAIL, "password": PASSWORD}).raise_for_status()
        client.headers["authorization"] = bearer = f"Bearer {answer.json()['accessToken']}"
        organisation = client.get("/v1/organisations").raise_for_status().json()["organisations"][0]["id"]
        body = harbour_png().ljust(FILE_BYTES, b"\0")
        file = client.post(
            "/v1/files:upload",
            params={"organisationId": organisation, "name": "large.png"},
            content=body,
            headers={"content-type": "image/png"},
        )
    id = str(file.raise_for_status().json()["file"]["id"])
    path = f"bench/{uuid.uuid4().hex}"
    document = Document(
        content_type="harbour_guide",
        locale="en",
        translation_key=str(uuid.uuid4()),
        path=f"/{path}",
        title="Large",
        summary="A large page.",
        body="Words that fill a line of a page which is long.\n\n" * (PAGE_CHARACTERS // 50),
        attachments=[id],
    )
    parts = (
        ImportDocumentsRequest(options=ImportOptions(organisation_id=organisation)),
        ImportDocumentsRequest(
            document=ImportedDocument(document=document, source=path, live_state=LiveState.LIVE_STATE_PUBLISHED)
        ),
    )
    with grpc.insecure_channel(f"{HOST}:{port}") as channel:
        stub: Any = ContentServiceStub(channel)
        result = stub.ImportDocuments(iter(parts), metadata=(("authorization", bearer),), timeout=60).results[0]
    if result.outcome == ImportOutcome.IMPORT_OUTCOME_REFUSED:
        raise SystemExit(f"the large page is refused: {result.message}")
    return Target(http, port, id, path)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="gazette-bench-") as directory, installation.gazette(Path(directory)) as ours:
        run(prepared(ours.http_port, ours.grpc_port), [], ours.pids)


def run(target: Target, names: list[str], pids: tuple[int, ...] = ()) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 65536)), hard))
    known = attacks(target)
    print(f"\nreads of a page at {READS_A_SECOND} a second, over ever new and over kept connections, in milliseconds")
    for name in names or known:
        with Readers(target.http) as readers:
            time.sleep(QUIET_SECONDS)
            alone = readers.take()
            start = time.monotonic()
            opened = known[name](target)
            opening = time.monotonic() - start
            left, seconds = asyncio.run(watch(opened, trickle=name == "bodies"))
            beside = readers.take()
            for each in opened:
                each.close()
        print(f"  {name:<22}{len(opened):6} connections, the last of them ended after {seconds:5.1f} s, {left} were not told")
        for what, taken in (("alone", alone), ("beside", beside)):
            print(f"    {what:<20}{told(taken)}")
        print(f"    {'opened in':<20}{opening:.1f} s", flush=True)


async def watch(opened: list[socket.socket], *, trickle: bool) -> tuple[int, float]:
    """Reads nothing, and finds out when the other side ends them. How many do not know of it at the end, since what was sent to
    them before is still on the way, and when the last of the others ended."""
    start = last = time.monotonic()
    sent, open_ones = start, set(opened)
    while open_ones and time.monotonic() - start < PATIENCE_SECONDS:
        await asyncio.sleep(0.25)
        if trickle and time.monotonic() - sent > 5:
            sent = time.monotonic()
            for each in open_ones:
                with suppress(OSError):
                    each.send(b"x")
        ended = {each for each in open_ones if has_ended(each)}
        if ended:
            last = time.monotonic()
        open_ones -= ended
    return len(open_ones), last - start


def has_ended(client: socket.socket) -> bool:
    """Whether the other side has ended the connection, as far as can be told without reading."""
    return client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != ESTABLISHED


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("http", type=int)
    parser.add_argument("grpc", type=int)
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    run(prepared(given.http, given.grpc), given.names)
