"""GETs over HTTP/1.1, at the least cost to the caller."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.http2 import Unexpected

END = b"\r\n\r\n"


@dataclass(frozen=True)
class HttpGets:
    """GETs of one path over keep-alive connections, one at a time on each. Every answer must be 200."""

    port: int
    path: str
    count: int
    connections: int

    async def make(self) -> list[bytes]:
        loop = asyncio.get_running_loop()
        work = Work(self, iter(range(self.count)), loop.create_future())
        transports = []
        for _ in range(self.connections):
            transport, _protocol = await loop.create_connection(lambda: Connection(work), "127.0.0.1", self.port)
            transports.append(transport)
        try:
            await work.done
        finally:
            for transport in transports:
                transport.abort()
        return []


@dataclass
class Work:
    """What is still to be asked, shared by the connections."""

    gets: HttpGets
    numbers: Iterator[int]
    done: asyncio.Future[None]
    answered: int = 0

    def end(self) -> None:
        self.answered += 1
        if self.answered == self.gets.count and not self.done.done():
            self.done.set_result(None)

    def fail(self, reason: str) -> None:
        if not self.done.done():
            self.done.set_exception(Unexpected(reason))


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.buffer = b""
        self.request = f"GET {work.gets.path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()

    def connection_made(self, transport: Any) -> None:
        self.transport: asyncio.Transport = transport
        self.ask()

    def connection_lost(self, exc: Exception | None) -> None:
        self.work.fail(f"the connection was lost: {exc}")

    def ask(self) -> None:
        if next(self.work.numbers, None) is not None:
            self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.is_whole():
            self.buffer = b""
            self.work.end()
            self.ask()

    def is_whole(self) -> bool:
        head, found, body = self.buffer.partition(END)
        if not found:
            return False
        if not head.startswith(b"HTTP/1.1 200"):
            self.work.fail(f"{self.work.gets.path} answered {self.buffer!r}")
        _, found, rest = head.lower().partition(b"content-length: ")
        return len(body) >= int(rest.split(b"\r\n", 1)[0]) if found else body.endswith(b"0" + END)
