"""Places: how many calls of a kind there may be, and how many of them are worked on at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass, field

COMING_SWEEPS = 5
"""For how many sweeps a call counts of which nothing has been read."""


class Turns:
    """So many calls are worked on at a time; the others wait, the first to come being the first to go on.

    How many that are depends on how the event loop turns. Each turn does a piece of work for each of them: calls that compute
    make it slow, so slow that nobody is even refused in time, and are no sooner done for being many. Those that wait for
    something else do not, and should not wait for each other.
    """

    LEAST, FIRST, MOST = 4, 16, 64
    SLOW = 0.02
    """Seconds that the loop may be late."""

    def __init__(self) -> None:
        self.allowed = self.FIRST
        self.active = 0
        self.waiting: deque[asyncio.Future[None]] = deque()

    def adapt(self, lag: float) -> None:
        """Takes account of how late the loop was."""
        if lag > self.SLOW:
            self.allowed = max(self.LEAST, self.allowed * 3 // 4)
        elif self.waiting:
            self.allowed = min(self.MOST, self.allowed + 1)
            self.go_on()
        elif self.allowed < self.FIRST:
            self.allowed += 1

    async def take(self) -> None:
        if self.active < self.allowed and not self.waiting:
            self.active += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give()  # it came at the very moment
            raise

    def give(self) -> None:
        self.active -= 1
        self.go_on()

    def go_on(self) -> None:
        while self.waiting and self.active < self.allowed:
            turn = self.waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                self.active += 1


class Coming:
    """Calls that came in one sweep's time, and of which nothing has been read yet."""

    __slots__ = ("calls",)

    def __init__(self) -> None:
        self.calls = 0


COMING: ContextVar[Coming | None] = ContextVar("coming", default=None)
"""Which of them this call is one of, until its message has been read."""


@dataclass
class Share:
    """Calls that share places, which others cannot take."""

    most: int
    turns: Turns | None = None
    """Whose it is to be worked on; None: all of them at once."""
    taken: int = field(default=0, init=False)
    coming: deque[Coming] = field(default_factory=lambda: deque([Coming()], maxlen=COMING_SWEEPS), init=False)
    """The newest last. A client that sends no message takes a place for no longer than that."""

    @property
    def is_full(self) -> bool:
        return self.taken + sum(each.calls for each in self.coming) >= self.most
