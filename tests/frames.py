"""A client of HTTP/2 that sends what no library would, and leaves when it likes."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from hpack import Decoder, Encoder

from bench.http2 import ACK, DATA, END_HEADERS, END_STREAM, FRAME_HEADER, GOAWAY, HEADERS, PREFACE, RST_STREAM, SETTINGS, frame

CONTINUATION, PADDED, PRIORITY = 9, 0x8, 0x20
LARGEST_FRAME = 16_384
PATIENCE = 30.0
EMPTY = b"\x00\x00\x00\x00\x00"
"""A gRPC message without bytes, with its length."""

Headers = Sequence[tuple[bytes, bytes]]


class Frame(NamedTuple):
    kind: int
    flags: int
    stream: int
    payload: bytes


class Answer(NamedTuple):
    """How a call ended: with trailers, or cut off."""

    headers: dict[bytes, bytes]
    is_whole: bool

    @property
    def code(self) -> int | None:
        """grpc-status."""
        status = self.headers.get(b"grpc-status")
        return None if status is None else int(status)

    @property
    def http_status(self) -> int:
        return int(self.headers.get(b":status", b"0"))


@dataclass
class Client:
    """One connection."""

    socket: socket.socket
    encoder: Encoder = field(default_factory=Encoder)
    decoder: Decoder = field(default_factory=Decoder)
    buffer: bytes = b""
    next_id: int = 1

    def call(self, headers: Headers, body: bytes = EMPTY, *, ends: bool = True) -> int:
        """Sends a request's headers, in as many frames as it takes, and its body. The number of its stream."""
        stream, self.next_id = self.next_id, self.next_id + 2
        block = self.encoder.encode(headers, huffman=False)
        parts = [block[start : start + LARGEST_FRAME] for start in range(0, len(block), LARGEST_FRAME)]
        sent = b""
        for number, part in enumerate(parts):
            flags = END_HEADERS if number == len(parts) - 1 else 0
            sent += frame(CONTINUATION if number else HEADERS, flags, stream, part)
        self.send(sent + frame(DATA, END_STREAM if ends else 0, stream, body))
        return stream

    def send(self, sent: bytes) -> None:
        self.socket.sendall(sent)

    def frames(self) -> Iterator[Frame]:
        """What comes, until the server closes the connection."""
        while True:
            head = self.read(FRAME_HEADER)
            payload = self.read(int.from_bytes(head[:3])) if head else b""
            if len(head) < FRAME_HEADER:
                return
            kind, flags = head[3], head[4]
            if kind == SETTINGS and not flags & ACK:
                self.send(frame(SETTINGS, ACK, 0, b""))
            yield Frame(kind, flags, int.from_bytes(head[5:9]), payload)

    def read(self, count: int) -> bytes:
        """So many bytes, or fewer if the connection has ended. Raises TimeoutError for a server that says nothing."""
        while len(self.buffer) < count:
            try:
                received = self.socket.recv(65_536)
            except ConnectionError:
                return b""
            if not received:
                return b""
            self.buffer += received
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def answer(self, stream: int) -> Answer:
        """How the call ended. Raises TimeoutError if it does not."""
        headers: dict[bytes, bytes] = {}
        for kind, flags, number, payload in self.frames():
            if kind == HEADERS:
                block = payload[5 * bool(flags & PRIORITY) :]
                headers.update((bytes(name), bytes(value)) for name, value in self.decoder.decode(block, raw=True))
            if number == stream and kind in {HEADERS, DATA} and flags & END_STREAM:
                return Answer(headers, is_whole=True)
            if kind == GOAWAY or (kind == RST_STREAM and number == stream):
                break
        return Answer(headers, is_whole=False)

    def vanish(self) -> None:
        """Resets the connection, as a process that is killed does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def address_of(place: str) -> tuple[str, int]:
    host, _, port = place.removeprefix("http://").rpartition(":")
    return host, int(port)


@contextmanager
def connected(place: str) -> Iterator[Client]:
    """A connection to `host:port`, or to a Unix socket's path, that has begun."""
    if place.startswith("/"):
        opened = socket.socket(socket.AF_UNIX)
        opened.settimeout(PATIENCE)
        opened.connect(place)
    else:
        opened = socket.create_connection(address_of(place), timeout=PATIENCE)
    with opened:
        opened.sendall(PREFACE + frame(SETTINGS, 0, 0, b""))
        yield Client(opened)


def grpc_headers(path: str | bytes, *more: tuple[bytes, bytes], **pseudo: bytes) -> list[tuple[bytes, bytes]]:
    """Those of a gRPC call; `scheme`, `method`, `authority` and `te` can be others."""
    given = {"method": b"POST", "scheme": b"http", "authority": b"gazette", **pseudo}
    return [
        (b":method", given["method"]),
        (b":scheme", given["scheme"]),
        (b":path", path.encode() if isinstance(path, str) else path),
        (b":authority", given["authority"]),
        (b"te", given.get("te", b"trailers")),
        (b"content-type", b"application/grpc"),
        *more,
    ]
