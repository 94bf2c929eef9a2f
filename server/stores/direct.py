"""Connections of the driver itself, for statements that must cost no more than they have to (`statements.py`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

import asyncpg

from server.rpc.failures import Failure
from server.rpc.objects import decoded, encoded
from server.stores.metering import waited

COMMAND_SECONDS = 30.0
INTACT = (asyncpg.PostgresError, Failure)
"""What a block may end with and leave its connection as it was: a statement was refused, or a caller."""
BROKEN = (
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.PostgresConnectionError,
)
"""What is a refusal by its form, and the end of the connection."""


class Direct:
    """A pool without anything that costs: the connection that was handed back last is handed out first, as it is. asyncpg's own
    pool takes longer over a checkout than the statement takes."""

    def __init__(self, url: str, *, size: int, patience: float, connection_class: type[asyncpg.Connection]) -> None:
        self.url = url
        self.patience = patience
        """Seconds that a new connection may take, and that somebody may wait for one to become free."""
        self.connection_class = connection_class
        self.size = size
        self.in_use = 0
        self.turns = asyncio.Semaphore(size)
        self.idle: list[asyncpg.Connection] = []
        self.is_closed = False

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection. No session variable is ever set on it, no lock outlives its transaction, and nobody listens there. One
        on which something was broken off is closed. Raises TimeoutError, and what the driver does when it cannot connect."""
        with waited("direct") if self.turns.locked() else nullcontext():
            async with asyncio.timeout(self.patience):
                await self.turns.acquire()
        self.in_use += 1
        connection = None
        is_intact = False
        try:
            connection = self.found() or await self.connect()
            yield connection
            is_intact = True
        except INTACT as error:
            is_intact = not isinstance(error, BROKEN)
            raise
        finally:
            self.in_use -= 1
            self.turns.release()
            if connection is not None:
                self.leave(connection, is_intact=is_intact)

    def found(self) -> asyncpg.Connection | None:
        while self.idle:
            connection = self.idle.pop()
            if not connection.is_closed():
                return connection
        return None

    async def connect(self) -> asyncpg.Connection:
        connection: asyncpg.Connection = await asyncpg.connect(
            self.url,
            timeout=self.patience,
            command_timeout=COMMAND_SECONDS,
            connection_class=self.connection_class,
            server_settings={"application_name": "gazette"},
        )
        for name in ("json", "jsonb"):
            await connection.set_type_codec(name, encoder=encoded, decoder=decoded, schema="pg_catalog")
        return connection

    def leave(self, connection: asyncpg.Connection, *, is_intact: bool) -> None:
        if is_intact and not self.is_closed and not connection.is_closed():
            self.idle.append(connection)
        else:
            connection.terminate()

    def forget(self) -> None:
        """Closes what is idle: the server behind it is another one now."""
        while self.idle:
            self.idle.pop().terminate()

    def close(self) -> None:
        self.is_closed = True
        self.forget()
