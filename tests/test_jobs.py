"""Background work: it goes on whatever happens to it, and ends when it is told to."""

from __future__ import annotations

import asyncio
import time

from sqlalchemy import text
from structlog.testing import capture_logs

from server.background.jobs import Job
from server.rpc.failures import Unavailable
from tests.polling import turned, until
from tests.service import Service


class Work:
    """Counts how often it was done; does what `deeds` say, in turn, and then nothing."""

    def __init__(self, *deeds: Exception | None) -> None:
        self.deeds = list(deeds)
        self.count = 0

    async def __call__(self) -> None:
        self.count += 1
        deed = self.deeds.pop(0) if self.deeds else None
        if deed is not None:
            raise deed

    async def times(self, count: int) -> None:
        async def is_done() -> bool:
            return self.count >= count

        await until(is_done)


async def test_a_job_runs_at_an_interval() -> None:
    """Once at its start, and then again and again."""
    work = Work()
    job = Job("test", work, seconds=0.01)
    job.start()
    await work.times(3)
    await job.stop()
    done = work.count
    assert job.task is not None
    assert job.task.done()
    await turned()
    assert work.count == done


async def test_a_job_is_woken_when_it_said() -> None:
    """It runs after the time that it was last told, and not after those before; a job that was stopped is not woken."""
    work = Work()
    job = Job("test", work, seconds=60)
    job.start()
    await work.times(1)
    job.wake_in(60)
    job.wake_in(0.01)
    await work.times(2)
    job.wake_in(0.01)
    await job.stop()
    await asyncio.sleep(0.05)
    assert work.count == 2
    assert not job.woken.is_set()


async def test_a_job_survives_its_failures() -> None:
    """What its work raises is logged, an outage without its trace, and the work is done again."""
    work = Work(ValueError("what"), Unavailable(), None)
    job = Job("test", work, seconds=0.01)
    with capture_logs() as logs:
        job.start()
        await work.times(4)
        await job.stop()
    assert [(line["event"], line["log_level"], line["job"]) for line in logs] == [
        ("job failed", "error", "test"),
        ("job put off", "warning", "test"),
    ]


async def test_a_job_is_woken() -> None:
    """Long before its time; and once more when it is woken while it works."""
    work = Work()
    job = Job("test", work, seconds=3600)
    job.start()
    await work.times(1)
    job.wake()
    await work.times(2)
    await job.stop()


async def test_a_job_that_is_woken_while_it_works() -> None:
    """What it was told of while it worked may have come too late for it, so it works once more, and not for each time."""
    free = asyncio.Event()
    count = 0

    async def work() -> None:
        nonlocal count
        count += 1
        await free.wait()

    job = Job("test", work, seconds=3600)
    job.start()
    await asyncio.sleep(0)
    for _ in range(3):
        job.wake()
    free.set()

    async def is_done() -> bool:
        return count >= 2

    await until(is_done)
    await turned()
    await job.stop()
    assert count == 2


async def test_a_job_that_works_is_stopped() -> None:
    """A process does not wait for work that has no end."""
    job = Job("test", lambda: asyncio.sleep(3600), seconds=1)
    job.start()
    await turned()
    start = time.monotonic()
    await job.stop()
    assert time.monotonic() - start < 5


async def test_a_job_hears_of_its_channel(service: Service) -> None:
    """A job that follows a channel is woken by PostgreSQL, and after each connect for what it may have missed."""
    work = Work()
    job = Job("test", work, seconds=3600, channel="of_a_test")
    listener = type(service.app.base.listener)(service.settings.database_url)
    listener.subscribe(job.channel, job.hear, job.resume)
    job.start()
    await work.times(1)
    listener.start()
    await work.times(2)
    async with service.database.transaction() as connection:
        await connection.execute(text("NOTIFY of_a_test"))
    await work.times(3)
    await listener.stop()
    await job.stop()
