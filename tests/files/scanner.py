"""A virus scanner for tests: speaks as clamd does, and knows EICAR's test file, in archives, too."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR" + b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""It does nothing. In two halves, so that no scanner takes this file for it."""
SIGNATURE = "Eicar-Test-Signature"
PORT_OF_ANY = 0


class Scanner:
    """Listens at `url`, unless it is `away`."""

    def __init__(self, most: int = 100 << 20) -> None:
        self.most = most
        self.port = PORT_OF_ANY
        self.server: asyncio.Server | None = None
        self.scanned: list[bytes] = []
        self.is_dumb = False
        """Whether it takes everything and answers nothing."""

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self.server = await asyncio.start_server(self.answer, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self.server is not None
        self.server.close()
        await self.server.wait_closed()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            match await reader.readuntil(b"\0"):
                case b"zPING\0":
                    writer.write(b"PONG\0")
                case b"zINSTREAM\0":
                    said = await self.look(reader)
                    if self.is_dumb:
                        await reader.read()
                    writer.write(said + b"\0")
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def look(self, reader: asyncio.StreamReader) -> bytes:
        data = bytearray()
        while length := int.from_bytes(await reader.readexactly(4)):
            data += await reader.readexactly(length)
            if len(data) > self.most:
                return b"INSTREAM size limit exceeded. ERROR"
        self.scanned.append(bytes(data))
        return f"stream: {SIGNATURE} FOUND".encode() if knows(bytes(data)) else b"stream: OK"


def knows(data: bytes) -> bool:
    if EICAR in data:
        return True
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return False
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return any(EICAR in archive.read(name) for name in archive.namelist())


@asynccontextmanager
async def listening(most: int = 100 << 20) -> AsyncIterator[Scanner]:
    scanner = Scanner(most)
    await scanner.start()
    try:
        yield scanner
    finally:
        await scanner.stop()
