"""Work that goes on behind what comes, while the next of it is being got ready."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from server.background import tasks


class Behind:
    """So many things at a time, begun in their order. What one of them raises is raised where another is begun or awaited;
    whoever does neither has given all of it up."""

    def __init__(self, at_once: int = 1) -> None:
        self.at_once = at_once
        self.tasks: deque[asyncio.Task[Any]] = deque()

    @property
    def newest(self) -> asyncio.Task[Any] | None:
        """What was begun last, if it may still be under way."""
        return self.tasks[-1] if self.tasks else None

    async def room(self) -> None:
        """Waits until one more may be begun."""
        await self.left(self.at_once - 1)

    async def begin(self, function: Callable[..., Coroutine[Any, Any, Any]], *args: Any) -> None:
        """Begins this, once there is room for it. It goes on though the call that began it is cancelled."""
        await self.room()
        task = tasks.begin(function(*args))
        task.add_done_callback(heard)
        self.tasks.append(task)

    async def done(self) -> None:
        """Waits until nothing is under way."""
        await self.left(0)

    async def left(self, count: int) -> None:
        """Waits for the oldest until no more than so many are left."""
        while len(self.tasks) > count:
            await asyncio.shield(self.tasks[0])
            del self.tasks[0]


def heard(task: asyncio.Task[Any]) -> None:
    """Takes note of its failure, so that asyncio reports none that nobody waits for any more."""
    if not task.cancelled():
        task.exception()
