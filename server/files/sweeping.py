"""The job that clears away what uploads left that never ended: those of a killed process, or of an outage."""

from __future__ import annotations

import structlog

from server.files.uploads import Uploads
from server.jobs import Job

log = structlog.get_logger(__name__)

SECONDS = 3600.0


def sweep(uploads: Uploads) -> Job:
    """No two processes remove the same upload."""

    async def work() -> None:
        if count := await uploads.sweep():
            log.info("abandoned uploads removed", count=count)

    return Job("sweep of uploads", work, seconds=SECONDS)
