"""Work behind what comes: in its order, so much at a time, and no failure is lost to whoever asks."""

from __future__ import annotations

import asyncio

import pytest

from server.background.behind import Behind


class Work:
    """Notes what has begun and ended; each waits until it is let go."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.gates: dict[int, asyncio.Event] = {}

    async def do(self, number: int) -> None:
        self.begun.append(number)
        self.gates[number] = asyncio.Event()
        await self.gates[number].wait()
        self.ended.append(number)

    async def fail(self, number: int) -> None:
        raise ValueError(number)


async def turned() -> None:
    """Once everything that can go on by itself has."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_so_many_go_on_at_a_time() -> None:
    """The third waits for the first, whichever ends before."""
    behind, work = Behind(2), Work()
    await behind.begin(work.do, 1)
    await behind.begin(work.do, 2)
    third = asyncio.create_task(behind.begin(work.do, 3))
    await turned()
    assert work.begun == [1, 2]

    work.gates[2].set()
    await turned()
    assert (work.begun, work.ended) == ([1, 2], [2])
    work.gates[1].set()
    await third
    await turned()
    assert work.begun == [1, 2, 3]

    work.gates[3].set()
    await behind.done()
    assert work.ended == [2, 1, 3]
    assert behind.newest is None


async def test_a_failure_is_raised_where_the_next_begins_or_all_is_awaited() -> None:
    behind, work = Behind(), Work()
    await behind.begin(work.fail, 1)
    with pytest.raises(ValueError, match="1"):
        await behind.begin(work.do, 2)
    with pytest.raises(ValueError, match="1"):
        await behind.done()
    assert work.begun == []


async def test_it_goes_on_though_its_caller_leaves() -> None:
    """Who is cancelled while it waits for what was begun ends nothing of it."""
    behind, work = Behind(), Work()
    await behind.begin(work.do, 1)
    waiting = asyncio.create_task(behind.done())
    await turned()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    work.gates[1].set()
    await behind.done()
    assert work.ended == [1]


async def test_what_nobody_awaits_any_more_is_no_unheard_failure() -> None:
    """asyncio's own complaint of a task whose failure nobody took note of would be an error in the log."""
    heard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context))
    behind = Behind()
    await behind.begin(Work().fail, 1)
    await turned()
    del behind
    await turned()
    assert heard == []
