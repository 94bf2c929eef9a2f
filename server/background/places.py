"""Places for work: so much is done at a time, and so much more may wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.rpc.failures import ResourceExhausted

RETRY_SECONDS = 1.0


class Places:
    """At most so many at once, and so many that wait for one of these."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self.free = asyncio.Semaphore(at_once)
        self.places = at_once + waiting

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place among those that are worked on. Raises ResourceExhausted at once where too many wait already."""
        if not self.places:
            raise ResourceExhausted(retry_after=RETRY_SECONDS)
        self.places -= 1
        try:
            async with self.free:
                yield
        finally:
            self.places += 1
