"""Tasks that run for as long as their process."""

from __future__ import annotations

import asyncio
from contextlib import suppress

AGAIN_SECONDS = 0.5


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
