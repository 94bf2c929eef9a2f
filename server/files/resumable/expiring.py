"""The jobs of uploads in pieces: those that have had their time go, and those whose bytes have all come get further."""

from __future__ import annotations

import structlog

from server.background.jobs import Job
from server.files.resumable import queries
from server.files.resumable.completing import Completing
from server.files.resumable.removing import Removing
from server.rpc.failures import Failure, Unavailable

log = structlog.get_logger(__name__)

EXPIRY_SECONDS, GOING_ON_SECONDS = 600.0, 15.0


def jobs(completing: Completing) -> tuple[Job, ...]:
    return expiry(completing.removing), going_on(completing)


def expiry(removing: Removing) -> Job:
    """No two processes remove the same upload."""

    async def work() -> None:
        if count := await removing.expire():
            log.info("expired uploads removed", count=count)

    return Job("expiry of uploads", work, seconds=EXPIRY_SECONDS)


def going_on(completing: Completing) -> Job:
    """Goes on with uploads of which a process was bringing the bytes together when it died. What becomes of them then is the
    pipeline's."""

    async def work() -> None:
        while await go_on(completing):
            pass

    return Job("completion of uploads", work, seconds=GOING_ON_SECONDS)


async def go_on(completing: Completing) -> bool:
    """Whether there was one."""
    async with completing.database.read() as connection:
        id = await queries.waiting(connection)
    if id is None:
        return False
    try:
        await completing.complete(id, None, seconds=completing.patience)
    except Unavailable:
        raise
    except Failure as failure:  # nobody waits for what is told of it
        log.info("an upload could not be completed", upload=str(id), reason=failure.reason)
    return True
