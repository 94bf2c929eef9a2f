"""PostgreSQL's own programs: found, told the database by their environment, and read or fed as streams."""

from __future__ import annotations

import asyncio
import shutil
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from server.recovery.failures import RecoveryFailed
from server.settings import Settings, child_environment

PIECE_BYTES = 256 * 1024
SAID_BYTES = 4000
"""How much of what a program says on its standard error is kept, from the end."""
STOP_SECONDS = 10.0


@dataclass(frozen=True)
class Programs:
    """Those of one installation of PostgreSQL."""

    folder: Path | None

    @classmethod
    def of(cls, settings: Settings) -> Programs:
        return cls(settings.backup_postgres_bin)

    def path(self, name: str) -> str:
        found = shutil.which(name, path=str(self.folder) if self.folder else None)
        if found is None:
            where = f"in {self.folder}" if self.folder else "on PATH"
            raise RecoveryFailed(f"there is no {name} {where}: install PostgreSQL's client tools, or set BACKUP_POSTGRES_BIN")
        return found

    async def start(self, name: str, *args: str, url: str = "", **pipes: Any) -> Process:
        return await asyncio.create_subprocess_exec(
            self.path(name), *args, stderr=PIPE, env=child_environment(**connection(url)), **pipes
        )

    async def output(self, name: str, *args: str, url: str = "") -> AsyncGenerator[bytes, None]:
        """What the program writes. Raises RecoveryFailed at its end unless that was a good one."""
        process = await self.start(name, *args, url=url, stdout=PIPE)
        said = asyncio.create_task(tail(process.stderr))
        try:
            assert process.stdout is not None
            while piece := await process.stdout.read(PIECE_BYTES):
                yield piece
            if code := await process.wait():
                raise RecoveryFailed(f"{name} failed (exit code {code}): {await said}")
        finally:
            await stopped(process)
            await said

    async def feed(self, name: str, *args: str, chunks: AsyncIterator[bytes], url: str = "") -> bytes:
        """Gives the program what comes, and answers with what it writes. It sees the end only if all has come."""
        process = await self.start(name, *args, url=url, stdin=PIPE, stdout=PIPE)
        assert process.stdout is not None
        said, written = asyncio.create_task(tail(process.stderr)), asyncio.create_task(process.stdout.read())
        try:
            await give(process, chunks)
            if code := await process.wait():
                raise RecoveryFailed(f"{name} failed (exit code {code}): {await said}")
            return await written
        finally:
            await stopped(process)
            await asyncio.gather(said, written)

    async def run(self, name: str, *args: str, url: str = "") -> None:
        async for _ in self.output(name, *args, url=url):
            pass


async def give(process: Process, chunks: AsyncIterator[bytes]) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError, ConnectionResetError):  # its exit code says why
        async for chunk in chunks:
            process.stdin.write(chunk)
            await process.stdin.drain()
        process.stdin.close()


async def tail(stream: asyncio.StreamReader | None) -> str:
    assert stream is not None
    said = b""
    while piece := await stream.read(SAID_BYTES):
        said = (said + piece)[-SAID_BYTES:]
    return " | ".join(said.decode(errors="replace").strip().splitlines()[-4:]) or "it says nothing"


async def stopped(process: Process) -> None:
    """A program that is still there is told to end, and made to if it does not."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


def connection(url: str) -> Mapping[str, str]:
    """A database's address as libpq's variables: an argument could be read by everybody on the machine."""
    if not url:
        return {}
    parts = make_url(url)
    named = {
        "PGHOST": parts.host,
        "PGPORT": str(parts.port or 5432),
        "PGUSER": parts.username,
        "PGPASSWORD": parts.password,
        "PGDATABASE": parts.database,
        "PGAPPNAME": "gazette backup",
    }
    asked = {f"PG{name.upper()}": value for name, value in parts.query.items() if isinstance(value, str)}
    known = {key: value for key, value in asked.items() if key in {"PGSSLMODE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY"}}
    ssl = {"PGSSLMODE": asked["PGSSL"]} if "PGSSL" in asked else {}
    return {key: str(value) for key, value in {**named, **ssl, **known}.items() if value}
