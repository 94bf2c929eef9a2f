"""The job that clears away what uploads left that never ended: those of a killed process, or of an outage."""

from __future__ import annotations

import structlog

from server.background.jobs import Job
from server.files.uploads.uploads import Uploads

log = structlog.get_logger(__name__)

SECONDS = 3600.0


def sweep(uploads: Uploads) -> Job:
    """No two processes remove the same upload."""

    async def work() -> None:
        if count := await uploads.sweep():
            log.info("abandoned uploads removed", count=count)

    return Job("sweep of uploads", work, seconds=SECONDS)
