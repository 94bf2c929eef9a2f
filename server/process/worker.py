"""One serving process, which the supervisor starts as `gazette process N`."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

import structlog

from server.settings import CANNOT_START, CannotStart, Settings

log = structlog.get_logger(__name__)


class Serving(Protocol):
    """What a worker runs: the whole application, built."""

    port: int

    async def start(self) -> None:
        """Begins to take calls."""

    async def check(self) -> None:
        """Raises what has ended the acceptance of calls, if anything has."""

    async def drain(self) -> None:
        """Takes no more calls, lets those under way end, and closes everything."""


Build = Callable[[Settings, int], Awaitable[Serving]]
"""Builds the application of a worker with this number."""


async def serve(settings: Settings, worker: int, build: Build) -> None:
    """Serves until SIGTERM, SIGINT or the supervisor's death, then drains."""
    stop, supervisor = asyncio.Event(), os.getppid()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    process = await build(settings, worker)
    await process.start()
    gc.collect()
    gc.freeze()  # what is loaded by now stays: looking through it again and again would stop the loop for a while each time
    log.info("serving", port=process.port)
    await stop_or_orphanhood(stop, supervisor, process)
    log.info("draining")
    await process.drain()
    log.info("stopped")


async def stop_or_orphanhood(stop: asyncio.Event, supervisor: int, process: Serving) -> None:
    """A supervisor that is killed tells nobody; its workers would hold the port with nobody to replace or to stop them. And a
    worker that takes no calls any more looks alive to its supervisor: it has to end, so that another takes its place."""
    while not stop.is_set() and os.getppid() == supervisor:
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 1)
        await process.check()


def main(settings: Settings, number: int, build: Build) -> int:
    """Runs the worker; its exit code."""
    try:
        asyncio.run(serve(settings, number, build))
    except CannotStart as error:
        sys.stderr.write(f"{error}\n")  # for the supervisor, which says it to people
        return CANNOT_START
    except Exception:
        log.exception("the worker failed")
        return 1
    return 0
