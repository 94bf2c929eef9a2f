"""Waiting for what comes true by itself: looking again and again, with far more patience than it should need."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

PATIENCE = 20.0
"""Seconds. Where the time is itself the promise, the test says how many."""
PAUSE = 0.02

Found = TypeVar("Found")


async def until(look: Callable[[], Awaitable[Found]], seconds: float = PATIENCE) -> Found:
    """What `look` finds, as soon as it is something. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not (found := await look()):
            await asyncio.sleep(PAUSE)
    return found


def wait_until(look: Callable[[], Found], seconds: float = PATIENCE) -> Found:
    """The same, where nothing else is to go on meanwhile in this process. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(PAUSE)
    return found
