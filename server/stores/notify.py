"""LISTEN: what other processes did, told by PostgreSQL over one connection a process that is kept open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg
import structlog

from server.background.jobs import Job
from server.rpc import failures

log = structlog.get_logger(__name__)

APPLICATION = "gazette-notifications"
"""How PostgreSQL lists the connection."""
RETRY_SECONDS = 0.5
CHECK_SECONDS = 1.0
CHECK_TIMEOUT = 2.0
OUTAGES = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, failures.Unavailable)


class Listener:
    """Hears every subscribed channel. While the connection is down nothing is heard: `lost_since` says since when, and each
    subscriber's `resumed` is awaited after every connect, so that it can make up for what it missed."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.receivers: dict[str, Callable[[str], None]] = {}
        self.resumers: list[Callable[[], Awaitable[None]]] = []
        self.lost_since: float | None = time.monotonic()
        self.heard_once = asyncio.Event()
        """Set once everything that was missed before the start has been made up for."""
        self.job = Job("listener", self.hear, seconds=RETRY_SECONDS)

    def subscribe(
        self, channel: str, receive: Callable[[str], None], resumed: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Before `start`. `receive` is called with each payload on the event loop and must not block."""
        self.receivers[channel] = receive
        if resumed is not None:
            self.resumers.append(resumed)

    @property
    def is_listening(self) -> bool:
        return self.lost_since is None

    def start(self) -> None:
        self.job.start()

    async def stop(self) -> None:
        await self.job.stop()

    async def hear(self) -> None:
        """Listens until the connection is lost. Without the job that does this again, the process would take old pages for true
        for ever."""
        try:
            await self.listen()
        except OUTAGES as error:
            if self.lost_since is None:
                log.warning("notifications lost", error=type(error).__name__)
        except Exception:
            log.exception("notifications failed")
        finally:
            self.lost_since = self.lost_since or time.monotonic()

    async def listen(self) -> None:
        """Listens until the connection is closed, or silent: a statement each second finds that out."""
        connection = await asyncpg.connect(
            self.url, timeout=2.0, command_timeout=CHECK_TIMEOUT, server_settings={"application_name": APPLICATION}
        )
        closed = asyncio.Event()
        connection.add_termination_listener(lambda _: closed.set())
        try:
            for channel in self.receivers:
                await connection.add_listener(channel, self.dispatch)
            for resume in self.resumers:
                await resume()
            self.lost_since = None
            self.heard_once.set()
            log.debug("notifications heard", channels=list(self.receivers))
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(closed.wait(), CHECK_SECONDS)
                await connection.execute("SELECT 1")
        finally:
            connection.terminate()

    def dispatch(self, connection: object, pid: int, channel: str, payload: object) -> None:
        self.receivers[channel](str(payload))
