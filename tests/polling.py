"""Waiting for what comes true by itself: looking again and again, with far more patience than it should need."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

PATIENCE = 20.0
"""Seconds. Where the time is itself the promise, the test says how many."""
PAUSE = 0.02
TURNS = 20

Found = TypeVar("Found")


async def until(look: Callable[[], Awaitable[Found]], seconds: float = PATIENCE) -> Found:
    """What `look` finds, as soon as it is something. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not (found := await look()):
            await asyncio.sleep(PAUSE)
    return found


async def until_so(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Waits until the condition holds, while all else goes on. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(PAUSE)


async def turned() -> None:
    """Lets all that could go on by now go on: what would have happened at once, has happened."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


def wait_until(look: Callable[[], Found], seconds: float = PATIENCE) -> Found:
    """The same, where nothing else is to go on meanwhile in this process. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(PAUSE)
    return found
