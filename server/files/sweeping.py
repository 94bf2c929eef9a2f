"""Clears away, every hour, what uploads left that never ended: those of a killed process, or of an outage."""

from __future__ import annotations

import asyncio

import structlog

from server import tasks
from server.files.uploads import Uploads

log = structlog.get_logger(__name__)

SECONDS = 3600.0


class Sweeper:
    """Runs in every process; no two remove the same upload."""

    def __init__(self, uploads: Uploads) -> None:
        self.uploads = uploads
        self.task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.task = asyncio.create_task(self.run(), name="sweep of uploads")

    async def stop(self) -> None:
        await tasks.end(self.task)

    async def run(self) -> None:
        while True:
            try:
                if count := await self.uploads.sweep():
                    log.info("abandoned uploads removed", count=count)
            except Exception:
                log.exception("abandoned uploads could not be removed")
            await asyncio.sleep(SECONDS)
