"""asyncio tasks: those that run as long as their process, and work that goes on though the call that began it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

AGAIN_SECONDS = 0.5

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


async def end(task: asyncio.Task[None] | None) -> None:
    """Cancels the task, if there is one, and waits until it has ended. It is cancelled again while it does not: a driver that
    was about to answer can swallow a cancellation, and the task would go on for ever."""
    if task is None:
        return
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=AGAIN_SECONDS)
    with suppress(asyncio.CancelledError):
        await task
