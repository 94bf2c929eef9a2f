"""Work that a process does by itself, beside the calls that it answers.

Every process of every machine runs the same jobs off PostgreSQL. A job takes one item at a time, by FOR UPDATE SKIP LOCKED and
in a transaction of its own: so any number of processes share the work, and one that dies leaves its item to another.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog
from prometheus_client import Counter, Gauge, Histogram

from server.background import tasks
from server.rpc import failures

log = structlog.get_logger(__name__)

RUNS = Counter(
    "gazette_job_runs_total", "Runs of jobs by outcome: done, put_off (a store was away) or failed.", ["job_name", "outcome"]
)
SECONDS = Histogram(
    "gazette_job_seconds", "How long runs of jobs took.", ["job_name"], buckets=(0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0)
)
SUCCEEDED = Gauge(
    "gazette_job_last_success_timestamp_seconds",
    "When a run of a job last ended well, in any process.",
    ["job_name"],
    multiprocess_mode="max",
)


class Job:
    """Runs its work when the process starts, then at an interval, and at once when it is woken. No failure ends it."""

    def __init__(self, name: str, work: Callable[[], Awaitable[object]], *, seconds: float, channel: str = "") -> None:
        self.name = name
        self.work = work
        self.seconds = seconds
        self.channel = channel
        """A channel of PostgreSQL whose every notification wakes the job, and every return of which after an outage."""
        self.woken = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self.alarm: asyncio.TimerHandle | None = None
        self.ended = {outcome: RUNS.labels(name, outcome) for outcome in ("done", "put_off", "failed")}
        self.took, self.succeeded = SECONDS.labels(name), SUCCEEDED.labels(name)

    def wake(self) -> None:
        """Runs the work now; once more after it has ended if it is being done."""
        self.woken.set()

    def wake_in(self, seconds: float) -> None:
        """Wakes the job after so much time, and no more when it was last told to."""
        self.sleep_on()
        self.alarm = asyncio.get_running_loop().call_later(seconds, self.wake)

    def sleep_on(self) -> None:
        """Takes back what `wake_in` was told."""
        if self.alarm is not None:
            self.alarm.cancel()

    def hear(self, payload: str) -> None:
        """Wakes the job, whatever the channel tells."""
        self.wake()

    async def resume(self) -> None:
        """Wakes the job for what it may have missed."""
        self.wake()

    def start(self) -> None:
        self.task = asyncio.create_task(self.run(), name=self.name)

    async def stop(self) -> None:
        """What is being done is broken off, unless the work itself sees to its end by `tasks.finish`."""
        self.sleep_on()
        await tasks.end(self.task)
        self.sleep_on()

    async def run(self) -> None:
        while True:
            self.woken.clear()
            start = time.perf_counter()
            self.ended[await self.outcome()].inc()
            self.took.observe(time.perf_counter() - start)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.woken.wait(), self.seconds)

    async def outcome(self) -> str:
        """How a run ended."""
        try:
            await self.work()
        except failures.Unavailable as error:
            log.warning("job put off", job=self.name, error=type(error).__name__)
            return "put_off"
        except Exception:
            log.exception("job failed", job=self.name)
            return "failed"
        self.succeeded.set_to_current_time()
        return "done"
