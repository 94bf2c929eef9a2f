"""One serving process: `python -m server.worker N`, started by the supervisor."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress

import structlog

from server import app, settings, telemetry
from server.settings import Settings

log = structlog.get_logger(__name__)

CANNOT_START = 78  # EX_CONFIG of sysexits.h: starting again would not help


async def serve(settings: Settings, worker: int) -> None:
    """Serves until SIGTERM, SIGINT or the supervisor's death, then drains."""
    stop, supervisor = asyncio.Event(), os.getppid()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    process = await app.build(settings, worker=worker)
    await process.start()
    log.info("serving", port=process.port)
    await stop_or_orphanhood(stop, supervisor)
    log.info("draining")
    await process.drain()
    log.info("stopped")


async def stop_or_orphanhood(stop: asyncio.Event, supervisor: int) -> None:
    """A supervisor that is killed tells nobody; its workers would hold the port with nobody to replace or to stop them."""
    while not stop.is_set() and os.getppid() == supervisor:
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 1)


def main(number: int) -> int:
    values = settings.load()
    telemetry.configure(values, worker=number)
    try:
        asyncio.run(serve(values, number))
    except Exception as error:  # noqa: BLE001 - told apart in refuse()
        return refuse(error)
    return 0


def refuse(error: Exception) -> int:
    """Says in one line why the process cannot serve."""
    line = app.explain_start(error)
    if line is None:
        log.error("the worker failed", exc_info=error)
        return 1
    sys.stderr.write(f"gazette: {line}\n")
    return CANNOT_START


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
