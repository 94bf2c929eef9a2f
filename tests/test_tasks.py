"""Ending the tasks that run for as long as their process."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from server.background import tasks


async def for_ever(*, swallowed: int) -> None:
    """Waits, and swallows so many cancellations."""
    for _ in range(swallowed):
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
    await asyncio.sleep(60)


@pytest.mark.parametrize("swallowed", [0, 1, 2])
async def test_a_task_ends_though_it_swallows_cancellations(swallowed: int) -> None:
    """A process stops even if a driver was about to answer when it was told to."""
    task = asyncio.create_task(for_ever(swallowed=swallowed))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await tasks.end(task)
    assert task.cancelled()


async def test_no_task_ends_at_once() -> None:
    """What was never started need not be ended."""
    await tasks.end(None)


async def test_a_task_that_failed_says_so() -> None:
    """A defect that ended a task is not lost when the process stops."""

    async def fail() -> None:
        raise LookupError

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    with pytest.raises(LookupError):
        await tasks.end(task)
