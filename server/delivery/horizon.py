"""Up to where this process knows the record, for reads that must not be older than an entry of it.

A process hears of each publication within milliseconds. Whoever has just published may be faster, and ask another process: that
one waits a moment for its notice, or reads what it has missed. Then all that it holds is as new as that, and the read goes its
usual way.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from prometheus_client import Counter

from server import record
from server.background import tasks
from server.rpc.admission.concurrency import TooManyCalls
from server.rpc.failures import Unavailable

PATIENCE = 0.05
"""Seconds to wait for a notice: four times what the slowest took that was measured."""
NEAR = 10_000
"""How many entries may be missing for one to be worth waiting for."""
READ_TIMEOUT = 3.0  # seconds
PAUSE = 0.01
"""Seconds between two looks at the record, which are shared by all who ask for what is not known yet. So numbers that the
record does not have cost no more than that, however many ask for them."""
MAX_WAITING = 500

AHEAD = Counter("gazette_reads_ahead_total", "Reads of record numbers not known yet, by how they came to be known.", ["by"])


@dataclass
class Horizon:
    """The record's number up to which nothing was missed, and who waits for it to move on."""

    read_missed: Callable[[], Awaitable[None]]
    """Reads what was published and not heard of, and moves the horizon there."""
    is_heard: Callable[[], bool]
    """Whether notices are heard at all."""
    number: int = 0
    waiting: set[tuple[int, asyncio.Future[None]]] = field(default_factory=set)
    """Who waits for a notice of which number."""
    asking: int = 0
    """How many reads wait, for a notice or for a look."""
    looked: float = 0.0
    """time.monotonic() of the last look."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    next: asyncio.Task[None] | None = None
    """The look that has not begun yet."""

    def move(self, number: int) -> None:
        """Nothing up to here was missed."""
        self.number = max(self.number, number)
        for each in [each for each in self.waiting if each[0] <= self.number]:
            self.waiting.discard(each)
            if not each[1].done():
                each[1].set_result(None)

    async def reach(self, number: int) -> None:
        """Returns once all that the process holds is as new as the record's entry of this number. Raises RecordNotReached where
        there is none, DatabaseUnavailable while nobody knows, and TooManyCalls."""
        if number <= self.number:
            return
        if self.asking >= MAX_WAITING:
            raise TooManyCalls
        self.asking += 1
        try:
            await self.come_to(number)
        finally:
            self.asking -= 1

    async def come_to(self, number: int) -> None:
        if self.is_heard() and number - self.number <= NEAR and await self.hears(number):
            AHEAD.labels("notice").inc()
            return
        await self.look()
        if number > self.number:
            AHEAD.labels("refusal").inc()
            raise record.RecordNotReached(number, self.number)
        AHEAD.labels("reading").inc()

    async def hears(self, number: int) -> bool:
        """Whether the notice comes in time."""
        waiting = number, asyncio.get_running_loop().create_future()
        self.waiting.add(waiting)
        try:
            await asyncio.wait([waiting[1]], timeout=PATIENCE)
        finally:
            self.waiting.discard(waiting)
        return number <= self.number

    async def look(self) -> None:
        """Reads what was missed, in a look that begins later than this: what anybody has been told of before is in it."""
        if self.next is None:
            self.next = tasks.begin(self.look_in_turn())
            self.next.add_done_callback(seen)
        await asyncio.shield(self.next)

    async def look_in_turn(self) -> None:
        async with self.turn:
            await asyncio.sleep(max(0.0, self.looked + PAUSE - time.monotonic()))
            self.next = None
            self.looked = time.monotonic()
            try:
                async with asyncio.timeout(READ_TIMEOUT):
                    await self.read_missed()
            except TimeoutError:
                raise Unavailable(reason="DATABASE_UNAVAILABLE") from None


def seen(task: asyncio.Task[None]) -> None:
    """Keeps asyncio from reporting a failure that nobody waits for any more."""
    if not task.cancelled():
        task.exception()
