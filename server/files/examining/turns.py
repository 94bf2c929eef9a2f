"""How many files a process looks through at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.rpc.failures import ResourceExhausted

AT_ONCE = 4
"""Each may have a copy in memory."""
WAITING = 32
RETRY_SECONDS = 1.0


class Turns:
    """So many have their turn, and so many wait for it."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        self.free = asyncio.Semaphore(at_once)
        self.places = at_once + waiting

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits for it. Raises ResourceExhausted at once where too many wait already."""
        if not self.places:
            raise ResourceExhausted(retry_after=RETRY_SECONDS)
        self.places -= 1
        try:
            async with self.free:
                yield
        finally:
            self.places += 1
