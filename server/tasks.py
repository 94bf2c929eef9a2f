"""Work that goes on to its end though the call which began it is cancelled: cleaning up after it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

_under_way: set[asyncio.Task[Any]] = set()
"""The event loop itself holds tasks only weakly."""


def begin(work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
    """Starts the work as a task of its own."""
    task = asyncio.create_task(work)
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    return task


async def finish(work: Coroutine[Any, Any, Result]) -> Result:
    """Waits for the work, which goes on even if the waiting is cancelled."""
    return await asyncio.shield(begin(work))


async def settle(seconds: float) -> None:
    """Waits until all that was begun has ended, but not for ever."""
    if _under_way:
        await asyncio.wait(_under_way, timeout=seconds)
