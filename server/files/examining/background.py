"""The job that goes on with uploads: those of a process that died, and those that wait for the scanner."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import structlog
from prometheus_client import Gauge

from server.background import tasks
from server.background.jobs import Job
from server.files import failures
from server.files.examining import queries
from server.files.examining.pipeline import Pipeline
from server.files.examining.rejecting import Rejecting
from server.files.examining.wanted import Wanted
from server.files.scanning import ScannerUnavailable
from server.rpc.failures import Failure
from server.stores.postgres import AnyRow

log = structlog.get_logger(__name__)

SECONDS = 10.0
"""Between looks for uploads whose next attempt has come."""

WAITING = Gauge(
    "gazette_files_waiting", "Files whose bytes are there and that are to be examined.", multiprocess_mode="mostrecent"
)
OLDEST = Gauge(
    "gazette_files_oldest_waiting_seconds",
    "How long ago the oldest of the files that wait was begun.",
    multiprocess_mode="mostrecent",
)
AWAY = Gauge("gazette_file_scanner_away", "Whether the virus scanner did not answer: 1 or 0.", multiprocess_mode="mostrecent")


@dataclass(frozen=True)
class Examining:
    """Takes uploads to their end, one after another."""

    pipeline: Pipeline

    def job(self) -> Job:
        return Job("examination of files", self.examine_all, seconds=SECONDS)

    async def examine_all(self) -> None:
        """Until there is none whose time has come. While the scanner is away none is begun: it would wait again, and longer."""
        await Rejecting(self.pipeline.database, self.pipeline.storage).remove_left()
        while await self.is_scanner_there() and await self.examine_one():
            pass
        async with self.pipeline.database.read() as connection:
            waiting = await queries.waiting(connection)
        WAITING.set(waiting.number)
        OLDEST.set(waiting.oldest_seconds)

    async def is_scanner_there(self) -> bool:
        scanner = self.pipeline.examination.scanner
        try:
            if scanner is not None:
                await scanner.check()
        except ScannerUnavailable as error:
            AWAY.set(1)
            log.warning("the virus scanner does not answer; files wait for it", error=str(error.__cause__ or error))
            return False
        AWAY.set(0)
        return True

    async def examine_one(self) -> bool:
        """Whether there was one."""
        async with self.pipeline.database.transaction() as connection:
            upload = await queries.claim_next(connection, uuid.uuid4())
        if upload is not None:
            await tasks.finish(self.examine(upload))
        return upload is not None

    async def examine(self, upload: AnyRow) -> None:
        try:
            await self.pipeline.attempt(upload, Wanted())
        except failures.Rejected:
            return
        except Failure as failure:  # by now its file is deleted, say, or public; nothing is left of the upload
            log.info("an upload was given up", upload=str(upload.id), reason=failure.reason)
