"""Work that a process does by itself, beside the calls that it answers.

Every process of every machine runs the same jobs off PostgreSQL. A job takes one item at a time, by FOR UPDATE SKIP LOCKED and
in a transaction of its own: so any number of processes share the work, and one that dies leaves its item to another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from server.background import tasks
from server.rpc import failures

log = structlog.get_logger(__name__)


class Job:
    """Runs its work when the process starts, then at an interval, and at once when it is woken. No failure ends it."""

    def __init__(self, name: str, work: Callable[[], Awaitable[object]], *, seconds: float, channel: str = "") -> None:
        self.name = name
        self.work = work
        self.seconds = seconds
        self.channel = channel
        """A channel of PostgreSQL whose every notification wakes the job, and every return of which after an outage."""
        self.woken = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Runs the work now; once more after it has ended if it is being done."""
        self.woken.set()

    def hear(self, payload: str) -> None:
        """Wakes the job, whatever the channel tells."""
        self.wake()

    async def resume(self) -> None:
        """Wakes the job for what it may have missed."""
        self.wake()

    def start(self) -> None:
        self.task = asyncio.create_task(self.run(), name=self.name)

    async def stop(self) -> None:
        """What is being done is broken off, unless the work itself sees to its end by `tasks.finish`."""
        await tasks.end(self.task)

    async def run(self) -> None:
        while True:
            self.woken.clear()
            try:
                await self.work()
            except failures.Unavailable as error:
                log.warning("job put off", job=self.name, error=type(error).__name__)
            except Exception:
                log.exception("job failed", job=self.name)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.woken.wait(), self.seconds)
