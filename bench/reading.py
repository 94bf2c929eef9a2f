"""Readers of a page, who come at a steady rate from a process of their own, and note how long they waited."""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, Self

HOST, PAGE = "127.0.0.1", "/v1/pages/guidance/moor-a-boat"
READS_A_SECOND = 50


def told(taken: list[tuple[float, str]]) -> str:
    seconds = sorted(each for each, _ in taken)
    if len(seconds) < 2:
        return f"{len(seconds)} answers"
    p50, p99 = (statistics.quantiles(seconds, n=100)[percent - 1] * 1e3 for percent in (50, 99))
    return f"p50 {p50:7.1f}, p99 {p99:8.1f}, most {seconds[-1] * 1e3:8.1f}; {dict(Counter(status for _, status in taken))}"


class Readers:
    """A process that reads the page at a steady rate."""

    def __init__(self, port: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.ours, theirs = context.Pipe()
        self.process = context.Process(target=read_on, args=(port, theirs), daemon=True)

    def __enter__(self) -> Self:
        self.process.start()
        self.ours.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.join()

    def take(self) -> list[tuple[float, str]]:
        """What was read since this was last asked."""
        self.ours.send(None)
        taken: list[tuple[float, str]] = self.ours.recv()
        return taken


def read_on(port: int, pipe: Any) -> None:
    asyncio.run(reading(port, pipe))


async def reading(port: int, pipe: Any) -> None:
    taken: list[tuple[float, str]] = []
    kept: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    pending: set[asyncio.Task[None]] = set()

    async def read(due: float, is_new: bool) -> None:
        try:
            async with asyncio.timeout(10):
                streams = kept.pop(0) if kept and not is_new else await asyncio.open_connection(HOST, port)
                status = await page(*streams)
            if is_new:
                streams[1].close()
            else:
                kept.append(streams)
        except (OSError, EOFError, TimeoutError, asyncio.IncompleteReadError) as error:
            status = type(error).__name__
        taken.append((time.perf_counter() - due, status))

    pipe.send(None)
    due = time.perf_counter()
    for number in counting():
        due += 1 / READS_A_SECOND
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(read(due, number % 2 == 0))
        pending.add(task)
        task.add_done_callback(pending.discard)
        if pipe.poll():
            pipe.recv()
            pipe.send([*taken])
            taken.clear()


def counting() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    writer.write(f"GET {PAGE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    _, found, rest = head.partition(b"content-length: ")
    if found:
        await reader.readexactly(int(rest.split(b"\r\n", 1)[0]))
    else:
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    return head[9:12].decode()
