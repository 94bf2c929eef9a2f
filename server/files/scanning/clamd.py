"""clamd (ClamAV), over a socket: its commands PING and INSTREAM (man 8 clamd).

A command ends with a NUL, and so does its answer. After INSTREAM come pieces, each behind its length in four bytes, and a
length of 0 at the end. What is longer than StreamMaxLength is answered before the end, and the connection closed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import unquote, urlsplit

from server.files.scanning.scanner import ScannerUnavailable, TooLongToScan

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 3.0
"""For an answer to PING."""
SCAN_SECONDS, SCANNED_A_SECOND = 60.0, 1_000_000
"""How long a scan may take: a minute, and longer for what is long. clamd unpacks archives."""
AT_ONCE = 4
"""Scans of a process. clamd has ten threads (MaxThreads), and others may want them, too."""
MOST_ANSWER = 4096
OK = "stream: OK"
FOUND = re.compile(r"stream: (.+) FOUND")
TOO_LONG = "size limit exceeded"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Clamd:
    """A clamd at a `tcp://` or `unix://` URL."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.free = asyncio.Semaphore(AT_ONCE)

    async def scan(self, pieces: AsyncIterator[bytes], size: int) -> str:
        async with self.free, self.connection(SCAN_SECONDS + size / SCANNED_A_SECOND) as (reader, writer):
            answering = asyncio.ensure_future(answer(reader))
            try:
                await sent(writer, pieces, answering)
                return verdict(await answering)
            finally:
                answering.cancel()

    async def check(self) -> None:
        async with self.connection(ANSWER_SECONDS) as (reader, writer):
            writer.write(b"zPING\0")
            await writer.drain()
            if (said := await answer(reader)) != "PONG":
                raise ScannerUnavailable(f"clamd answered {said[:100]!r}")

    @asynccontextmanager
    async def connection(self, seconds: float) -> AsyncIterator[Streams]:
        """A connection for so long. Every outage within is ScannerUnavailable."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await self.connect()
        except (OSError, TimeoutError) as error:
            raise ScannerUnavailable from error
        try:
            async with asyncio.timeout(seconds):
                yield reader, writer
        except (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError) as error:
            raise ScannerUnavailable from error
        finally:
            writer.transport.abort()

    async def connect(self) -> Streams:
        parts = urlsplit(self.url)
        if parts.scheme == "unix":
            return await asyncio.open_unix_connection(unquote(parts.path), limit=MOST_ANSWER)
        return await asyncio.open_connection(parts.hostname, parts.port, limit=MOST_ANSWER)


async def sent(writer: asyncio.StreamWriter, pieces: AsyncIterator[bytes], answering: asyncio.Future[str]) -> None:
    """Sends them, until clamd has its answer: of what is too long it reads no more, and closes the connection."""
    writer.write(b"zINSTREAM\0")
    with suppress(ConnectionError):
        async for piece in pieces:
            if answering.done():
                return
            writer.write(len(piece).to_bytes(4) + piece)
            await writer.drain()
        writer.write(bytes(4))
        await writer.drain()


async def answer(reader: asyncio.StreamReader) -> str:
    """Raises EOFError where none comes."""
    return (await reader.readuntil(b"\0"))[:-1].decode(errors="replace").strip()


def verdict(said: str) -> str:
    """What clamd knows in the file; empty where it knows nothing. Raises ScannerUnavailable for whatever else it says."""
    if said == OK:
        return ""
    if (found := FOUND.fullmatch(said)) is not None:
        return found[1][:200]
    if TOO_LONG in said:
        raise TooLongToScan
    raise ScannerUnavailable(f"The virus scanner said: {said[:100]}")
