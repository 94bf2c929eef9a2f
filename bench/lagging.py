"""A worker process that notes how late its event loop is: `python -m bench.lagging FILE`.

A task of its own sleeps for a few milliseconds again and again. By how much longer each sleep took goes to the file, with the
moment and the CPU time that the event loop's thread took meanwhile, as three doubles.
"""

from __future__ import annotations

import asyncio
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from server import app, settings
from server.process import worker
from server.settings import Settings

SLEEP = 0.005  # seconds
NOTE = struct.Struct("<ddd")
NOTES = 20
"""How many are written at once."""


async def watch(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            notes = b""
            for _ in range(NOTES):
                start, used = time.monotonic(), time.thread_time()
                await asyncio.sleep(SLEEP)
                end = time.monotonic()
                notes += NOTE.pack(end, end - start - SLEEP, time.thread_time() - used)
            file.write(notes)


def lags(path: Path, start: float, end: float) -> list[float]:
    """By how many seconds the loop was late between two moments of the monotonic clock."""
    return [lag for moment, lag, _ in noted(path) if start <= moment <= end]


def stops(path: Path, start: float, end: float) -> list[float]:
    """For how many seconds of CPU time the loop did one thing, between two moments of the monotonic clock. What else keeps the
    machine busy makes it late, but does not count here."""
    return [used for moment, _, used in noted(path) if start <= moment <= end]


def noted(path: Path) -> Iterator[tuple[float, float, float]]:
    data = path.read_bytes()
    return cast("Iterator[tuple[float, float, float]]", NOTE.iter_unpack(data[: len(data) // NOTE.size * NOTE.size]))


def main(path: Path) -> int:
    async def build(values: Settings, number: int) -> app.App:
        watching.add(asyncio.create_task(watch(path)))
        return await app.build(values, number)

    watching: set[asyncio.Task[None]] = set()
    return worker.main(settings.load(), 0, build)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
