"""Calls of several kinds as HTTP/2 frames, at a rate or so many at once, through either port: what is refused is counted,
and no error. (`http2` makes calls of one kind, each of which must be answered as it should.)"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hpack import Decoder, Encoder

from bench.http2 import (
    ACK,
    DATA,
    END_HEADERS,
    END_STREAM,
    FIRST_WINDOW,
    GOAWAY,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    LARGEST_WINDOW,
    PADDED_OR_PRIORITY,
    PING,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Unexpected,
    frame,
    taken,
)

STREAMS = 100
"""How many calls a connection carries at a time."""
NO_TABLE = b"\x00\x01" + bytes(4)
"""SETTINGS_HEADER_TABLE_SIZE of 0: each header block then means the same wherever it comes."""
STATUS_200 = 0x88
UNSENT = "not sent"


@dataclass(frozen=True)
class Kind:
    """Calls that are all alike."""

    name: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    """None for what ends with its headers."""
    share: int
    """How many of a hundred calls are of this kind."""

    @classmethod
    def grpc(cls, name: str, method: str, request: bytes, share: int, *metadata: tuple[str, str]) -> Kind:
        headers = ((":method", "POST"), (":scheme", "http"), (":path", method), (":authority", "localhost"))
        more = (("te", "trailers"), ("content-type", "application/grpc"), ("grpc-timeout", "10S"))
        return cls(name, (*headers, *more, *metadata), b"\x00" + len(request).to_bytes(4) + request, share)

    @classmethod
    def http(cls, name: str, path: str, share: int, *headers: tuple[str, str]) -> Kind:
        first = ((":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "localhost"))
        return cls(name, (*first, *headers), None, share)


class Outcome(NamedTuple):
    """How one call ended."""

    kind: str
    status: str
    """gRPC's number or HTTP's; what happened where none came."""
    seconds: float
    """From the moment at which it was due."""
    says_when: bool
    """Whether it says when to come back."""


@dataclass(frozen=True)
class Mixed:
    """Calls of these kinds for so many seconds: `rate` a second, or without one `at_once` all the time."""

    port: int
    kinds: Sequence[Kind]
    seconds: float
    connections: int
    rate: float = 0.0
    at_once: int = 0

    async def make(self) -> list[Outcome]:
        work = Work(self.kinds)
        loop = asyncio.get_running_loop()
        for _ in range(self.connections):
            await loop.create_connection(lambda: Connection(work), "127.0.0.1", self.port)
        await asyncio.gather(*(each.is_ready for each in work.connections))
        work.outcomes.clear()
        end = time.perf_counter() + self.seconds
        if self.rate:
            await self.at_rate(work, end)
        else:
            work.again = lambda: time.perf_counter() < end
            for _ in range(self.at_once):
                work.call(time.perf_counter())
            work.send()
            await asyncio.sleep(self.seconds)
        outcomes = [*work.outcomes]
        for each in work.connections:
            outcomes += (Outcome(kind.name, "not answered", end - due, says_when=False) for kind, due in each.calls.values())
            each.transport.abort()
        return outcomes

    async def at_rate(self, work: Work, end: float) -> None:
        start, number = time.perf_counter(), 0
        while (now := time.perf_counter()) < end:
            while (due := start + number / self.rate) <= now:
                work.call(due)
                number += 1
            work.send()
            await asyncio.sleep(0.001)
        await asyncio.sleep(1)  # what is under way may still be answered


class Work:
    """What is to be called next, and what came of it; shared by the connections."""

    def __init__(self, kinds: Sequence[Kind]) -> None:
        self.kinds = kinds
        self.turns = self.in_turn()
        self.connections: list[Connection] = []
        self.next = 0
        self.outcomes: list[Outcome] = []
        self.again: Callable[[], bool] = lambda: False
        """Whether another call follows one that has ended."""

    def in_turn(self) -> Iterator[Kind]:
        """Evenly mixed: next comes whichever is furthest behind its share."""
        credits = dict.fromkeys(self.kinds, 0)
        whole = sum(kind.share for kind in self.kinds)
        while True:
            for kind in credits:
                credits[kind] += kind.share
            chosen = max(credits, key=lambda kind: credits[kind])
            credits[chosen] -= whole
            yield chosen

    def call(self, due: float) -> None:
        kind = next(self.turns)
        for _ in self.connections:
            self.next = (self.next + 1) % len(self.connections)
            if self.connections[self.next].has_room:
                return self.connections[self.next].call(kind, due)
        self.outcomes.append(Outcome(kind.name, UNSENT, 0.0, says_when=False))
        return None

    def ended(self, kind: Kind, status: str, due: float, *, says_when: bool) -> None:
        now = time.perf_counter()
        self.outcomes.append(Outcome(kind.name, status, now - due, says_when))
        if self.again():
            self.call(now)

    def send(self) -> None:
        for each in self.connections:
            each.send()


class Connection(asyncio.Protocol):
    """One connection. A call of each kind comes first, so that the server's table knows their headers from then on."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.is_ready = asyncio.get_running_loop().create_future()
        self.calls: dict[int, tuple[Kind, float]] = {}
        self.next_id, self.window = 1, FIRST_WINDOW
        self.buffer, self.unsent = bytearray(), bytearray()
        self.decoder = Decoder()
        self.said: dict[bytes, tuple[str, bool]] = {}
        self.statuses: dict[int, tuple[str, bool]] = {}

    def connection_made(self, transport: Any) -> None:
        self.transport: asyncio.Transport = transport
        window = (LARGEST_WINDOW - FIRST_WINDOW).to_bytes(4)
        settings = INITIAL_WINDOW_SIZE + LARGEST_WINDOW.to_bytes(4) + NO_TABLE
        self.unsent += PREFACE + frame(SETTINGS, 0, 0, settings) + frame(WINDOW_UPDATE, 0, 0, window)
        encoder = Encoder()
        self.blocks = {kind: encoder.encode(kind.headers) for kind in self.work.kinds}
        for kind in self.work.kinds:
            self.call(kind, time.perf_counter())
        self.blocks = {kind: encoder.encode(kind.headers) for kind in self.work.kinds}
        self.send()
        self.work.connections.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self in self.work.connections:
            self.work.connections.remove(self)
        for kind, due in self.calls.values():
            self.work.ended(kind, "connection lost", due, says_when=False)
        self.calls = {}
        if not self.is_ready.done():
            self.is_ready.set_exception(Unexpected(f"the connection was lost: {exc}"))

    @property
    def has_room(self) -> bool:
        return len(self.calls) < STREAMS and self.window > FIRST_WINDOW // 4

    def call(self, kind: Kind, due: float) -> None:
        stream, self.next_id = self.next_id, self.next_id + 2
        self.calls[stream] = kind, due
        if kind.body is None:
            self.unsent += frame(HEADERS, END_HEADERS | END_STREAM, stream, self.blocks[kind])
        else:
            self.window -= len(kind.body)
            self.unsent += frame(HEADERS, END_HEADERS, stream, self.blocks[kind]) + frame(DATA, END_STREAM, stream, kind.body)

    def send(self) -> None:
        if self.unsent:
            self.transport.write(bytes(self.unsent))
            self.unsent.clear()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        for each in taken(self.buffer):
            self.received(*each)
        self.work.send() if self.work.again() else self.send()

    def received(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == HEADERS:
            if not flags & END_HEADERS or flags & PADDED_OR_PRIORITY:
                raise Unexpected("headers of a form that is not read here")
            self.statuses[stream] = self.status(payload, self.statuses.get(stream))
        elif kind == SETTINGS and not flags & ACK:
            self.unsent += frame(SETTINGS, ACK, 0, b"")
        elif kind == PING and not flags & ACK:
            self.unsent += frame(PING, ACK, 0, payload)
        elif kind == WINDOW_UPDATE and stream == 0:
            self.window += int.from_bytes(payload)
        elif kind == GOAWAY and self in self.work.connections:
            self.work.connections.remove(self)
        elif kind == RST_STREAM and stream in self.calls:
            self.end(stream, f"reset {int.from_bytes(payload)}", says_when=False)
        if kind in {HEADERS, DATA} and flags & END_STREAM and stream in self.calls:
            status, says_when = self.statuses.pop(stream)
            self.end(stream, status, says_when=says_when)

    def status(self, block: bytes, before: tuple[str, bool] | None) -> tuple[str, bool]:
        """What the headers say, or, of gRPC, the trailers."""
        if block[0] == STATUS_200 and b"grpc" not in block[:64] and before is None:
            found = self.said.get(block[:1])
            if found is not None and not self.is_grpc:
                return found
        said = self.said.get(block)
        if said is None:
            headers = {str(name): str(value) for name, value in self.decoder.decode(block)}
            status = headers.get("grpc-status") if self.is_grpc else headers.get(":status")
            said = (status or (before or ("none",))[0], "retry-after" in headers)
            if len(self.said) < 1000:
                self.said[block] = said
        if not self.is_grpc and block[0] == STATUS_200:
            self.said[block[:1]] = said
        return said

    @property
    def is_grpc(self) -> bool:
        return self.work.kinds[0].body is not None

    def end(self, stream: int, status: str, *, says_when: bool) -> None:
        kind, due = self.calls.pop(stream)
        self.work.ended(kind, status, due, says_when=says_when)
        if not self.is_ready.done() and not self.calls:
            self.is_ready.set_result(None)
