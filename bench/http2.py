"""gRPC calls as HTTP/2 frames, sent and read at a third of what a gRPC client spends on them, so that the server is what limits
the load, and what the load costs does not change what the server's calls cost."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from hpack import Decoder, Encoder

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
ACK, END_STREAM, END_HEADERS, PADDED_OR_PRIORITY = 0x1, 0x1, 0x4, 0x28
FRAME_HEADER = 9
LARGEST_WINDOW, FIRST_WINDOW = 2**31 - 1, 65_535
INITIAL_WINDOW_SIZE = b"\x00\x04"
CONNECTIONS = 4
TIMEOUT = "10S"

Metadata = Sequence[tuple[str, str]]


class Unexpected(Exception):
    """The server answered otherwise than it should."""


@dataclass(frozen=True)
class GrpcCalls:
    """Unary calls, one for each request, so many at once over a few connections. `status` is what each must answer."""

    port: int
    method: str
    requests: Sequence[bytes]
    times: int = 1
    """How often the requests are sent."""
    metadata: Metadata = ()
    at_once: int = 40
    status: str = "0"
    keeps: bool = False
    """Whether the answers are wanted, in the order of the requests."""

    @property
    def count(self) -> int:
        return len(self.requests) * self.times

    async def make(self) -> list[bytes]:
        loop = asyncio.get_running_loop()
        work = Work(self, iter(range(self.count)), [b""] * self.count if self.keeps else [], loop.create_future())
        share = -(-self.at_once // CONNECTIONS)
        transports = []
        for _ in range(min(CONNECTIONS, self.at_once)):
            transport, _protocol = await loop.create_connection(lambda: Connection(work, share), "127.0.0.1", self.port)
            transports.append(transport)
        try:
            await work.done
        finally:
            for transport in transports:
                transport.abort()
        return work.answers


@dataclass
class Work:
    """What is still to be sent, and what has come of it; shared by the connections."""

    calls: GrpcCalls
    numbers: Iterator[int]
    answers: list[bytes]
    done: asyncio.Future[None]
    answered: int = 0

    def end(self, number: int, body: bytes, headers: Sequence[tuple[str, str]]) -> None:
        status = dict(headers).get("grpc-status", "none")
        if status != self.calls.status or (status == "0" and not body):
            return self.fail(f"{self.calls.method} answered {headers}")
        if self.answers:
            self.answers[number] = body[5:]  # after the length that goes before each message
        self.answered += 1
        if self.answered == self.calls.count and not self.done.done():
            self.done.set_result(None)
        return None

    def fail(self, reason: str) -> None:
        if not self.done.done():
            self.done.set_exception(Unexpected(reason))


@dataclass
class Stream:
    number: int
    body: bytearray = field(default_factory=bytearray)


class Connection(asyncio.Protocol):
    """One connection with a few calls under way at a time."""

    def __init__(self, work: Work, at_once: int) -> None:
        self.work = work
        self.at_once = at_once
        self.streams: dict[int, Stream] = {}
        self.next_id = 1
        self.window = FIRST_WINDOW
        self.waiting: deque[tuple[int, bytes]] = deque()
        self.buffer = bytearray()
        self.unsent = bytearray()
        """What one turn of the loop adds up to is sent at once: a system call is the dearest part of a call."""
        self.encoder, self.decoder, self.block = Encoder(), Decoder(), b""
        self.known: dict[bytes, list[tuple[str, str]]] = {}
        """Header blocks that add nothing to the decoder's table, decoded."""

    def connection_made(self, transport: Any) -> None:
        self.transport: asyncio.Transport = transport
        settings = INITIAL_WINDOW_SIZE + LARGEST_WINDOW.to_bytes(4)
        window = (LARGEST_WINDOW - FIRST_WINDOW).to_bytes(4)
        self.unsent += PREFACE + frame(SETTINGS, 0, 0, settings) + frame(WINDOW_UPDATE, 0, 0, window)
        for _ in range(self.at_once):
            self.call()
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        self.work.fail(f"the connection was lost: {exc}")

    def call(self) -> None:
        """Sends the next request, if there is one and the server's window is open."""
        number = next(self.work.numbers, None)
        if number is None:
            return
        calls = self.work.calls
        request = calls.requests[number % len(calls.requests)]
        self.waiting.append((number, b"\x00" + len(request).to_bytes(4) + request))
        self.flush()

    def flush(self) -> None:
        while self.waiting and len(self.waiting[0][1]) <= self.window:
            number, body = self.waiting.popleft()
            self.window -= len(body)
            stream, self.next_id = self.next_id, self.next_id + 2
            self.streams[stream] = Stream(number)
            head = self.encoder.encode(self.head()) if stream <= 3 else self.block
            self.block = head  # from the second time on it names what the server's table holds, and nothing else
            self.unsent += frame(HEADERS, END_HEADERS, stream, head) + frame(DATA, END_STREAM, stream, body)

    def send(self) -> None:
        if self.unsent:
            self.transport.write(bytes(self.unsent))
            self.unsent.clear()

    def head(self) -> list[tuple[str, str]]:
        calls = self.work.calls
        return [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", calls.method),
            (":authority", f"127.0.0.1:{calls.port}"),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            ("user-agent", "gazette-bench"),
            ("grpc-timeout", TIMEOUT),
            *calls.metadata,
        ]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        for each in taken(self.buffer):
            self.received(*each)
        self.send()

    def received(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == DATA:
            self.streams[stream].body += payload
        elif kind == HEADERS:
            if not flags & END_HEADERS or flags & PADDED_OR_PRIORITY:
                self.work.fail("headers of a form that a gRPC server does not send")
            headers = self.decoded(payload)
            if flags & END_STREAM:
                ended = self.streams.pop(stream)
                self.work.end(ended.number, bytes(ended.body), headers)
                self.call()
        elif kind == SETTINGS and not flags & ACK:
            self.unsent += frame(SETTINGS, ACK, 0, b"")
        elif kind == PING and not flags & ACK:
            self.unsent += frame(PING, ACK, 0, payload)
        elif kind == WINDOW_UPDATE and stream == 0:
            self.window += int.from_bytes(payload)
            self.flush()
        elif kind in {RST_STREAM, GOAWAY}:
            self.work.fail(f"the server broke off with frame {kind}: {payload!r}")

    def decoded(self, block: bytes) -> list[tuple[str, str]]:
        headers = self.known.get(block)
        if headers is None:
            table = self.decoder.header_table.dynamic_entries
            newest = table[0] if table else None
            headers = [(str(name), str(value)) for name, value in self.decoder.decode(block)]
            if (table[0] if table else None) is not newest:
                self.known.clear()  # what the blocks name has moved on
            else:
                self.known[block] = headers
        return headers


def taken(buffer: bytearray) -> Iterator[tuple[int, int, int, bytes]]:
    """Kind, flags, stream and payload of each whole frame, which the buffer no longer has afterwards."""
    start, end = 0, len(buffer)
    while end - start >= FRAME_HEADER:
        following = start + FRAME_HEADER + int.from_bytes(buffer[start : start + 3])
        if following > end:
            break
        stream = int.from_bytes(buffer[start + 5 : start + 9])
        yield buffer[start + 3], buffer[start + 4], stream, bytes(buffer[start + FRAME_HEADER : following])
        start = following
    del buffer[:start]


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload
