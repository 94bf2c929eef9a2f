"""One serving process: `python -m server.worker N`, started by the supervisor."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from contextlib import suppress

import structlog

from server import app
from server import settings as server_settings
from server.process import telemetry
from server.settings import CANNOT_START, CannotStart, Settings

log = structlog.get_logger(__name__)


async def serve(settings: Settings, worker: int) -> None:
    """Serves until SIGTERM, SIGINT or the supervisor's death, then drains."""
    stop, supervisor = asyncio.Event(), os.getppid()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    process = await app.build(settings, worker=worker)
    await process.start()
    gc.collect()
    gc.freeze()  # what is loaded by now stays: looking through it again and again would stop the loop for a while each time
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
    values = server_settings.load()
    telemetry.configure(values, worker=number)
    try:
        asyncio.run(serve(values, number))
    except CannotStart as error:
        sys.stderr.write(f"{error}\n")  # for the supervisor, which says it to people
        return CANNOT_START
    except Exception:
        log.exception("the worker failed")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
