"""Work in processes of its own: bounded, ended, and never in the way of what comes next."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import time
from collections.abc import AsyncIterator

import pytest

from server.background.processes import NICENESS, Processes, TooCostly
from server.rpc.failures import ResourceExhausted, Unavailable

PLENTY = 20.0


@pytest.fixture
async def processes() -> AsyncIterator[Processes]:
    processes = Processes(at_once=1, waiting=1)
    yield processes
    await processes.close()


async def test_what_the_function_returns_or_raises(processes: Processes) -> None:
    assert await processes.run(math.factorial, 20, seconds=PLENTY) == math.factorial(20)
    with pytest.raises(ValueError, match="factorial"):
        await processes.run(math.factorial, -1, seconds=PLENTY)


async def test_it_is_another_process_that_stands_back(processes: Processes) -> None:
    other = await processes.run(os.getpid, seconds=PLENTY)
    assert other != os.getpid()
    assert os.getpriority(os.PRIO_PROCESS, other) >= NICENESS


async def test_what_takes_too_long_is_ended(processes: Processes) -> None:
    """(C9)"""
    other = await processes.run(os.getpid, seconds=PLENTY)
    with pytest.raises(TooCostly):
        await processes.run(math.factorial, 3_000_000, seconds=0.2)
    assert await processes.run(os.getpid, seconds=PLENTY) != other


async def test_time_that_it_does_not_compute_is_not_counted(processes: Processes) -> None:
    await processes.run(time.sleep, 0.5, seconds=0.2)


async def test_what_takes_too_much_memory_is_ended(processes: Processes) -> None:
    """(C9)"""
    with pytest.raises(TooCostly):
        await processes.run(bytes, 1 << 31, seconds=PLENTY)
    assert await processes.run(len, b"more", seconds=PLENTY) == 4


async def test_a_caller_that_leaves_ends_it(processes: Processes) -> None:
    other = await processes.run(os.getpid, seconds=PLENTY)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await processes.run(time.sleep, 600, seconds=PLENTY)
    assert await processes.run(os.getpid, seconds=PLENTY) != other


async def test_one_that_somebody_else_ended(processes: Processes) -> None:
    with pytest.raises(Unavailable):
        await processes.run(signal.raise_signal, signal.SIGKILL, seconds=PLENTY)
    await processes.run(os.getpid, seconds=PLENTY)


async def test_the_event_loop_goes_on(processes: Processes) -> None:
    """(C9)"""
    work = asyncio.create_task(processes.run(math.factorial, 300_000, seconds=PLENTY))
    turns = 0
    while not work.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 10


async def test_too_many_are_refused_at_once(processes: Processes) -> None:
    waiting = [asyncio.create_task(processes.run(time.sleep, 600, seconds=PLENTY)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(ResourceExhausted) as refusal:
        await processes.run(os.getpid, seconds=PLENTY)
    assert refusal.value.retry_after > 0
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert await processes.run(len, b"free again", seconds=PLENTY) == 10
