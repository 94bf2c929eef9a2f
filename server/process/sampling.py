"""What is looked at twice a second instead of being counted as it happens, so that no call pays for it: pools, calls in
progress, the lateness of the event loop, memory, and what the domains count for themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from resource import getpagesize

from prometheus_client import Gauge, Histogram

from server.background.jobs import Job
from server.process.domains import Base
from server.rpc.admission.concurrency import Limits
from server.stores import redis
from server.stores.metering import POOLS
from server.stores.postgres import Pool

SECONDS = 0.5
NAP = 0.02
"""How long the loop is let sleep to see how late it is."""
KINDS = ("reads", "sign_ins", "work", "streams")
"""Of calls, as `Limits` tells them apart."""

IN_PROGRESS = Gauge("gazette_calls_in_progress", "Calls being answered, by kind.", ["kind"], multiprocess_mode="livesum")
MOST = Gauge("gazette_calls_limit", "How many calls of a kind there may be.", ["kind"], multiprocess_mode="livesum")
IN_TURN = Gauge(
    "gazette_calls_awaiting_turn", "Calls of people who are signed in that wait to be worked on.", multiprocess_mode="livesum"
)
CONNECTIONS = Gauge(
    "gazette_pool_connections",
    "Connections of a pool, by state: in_use or idle.",
    ["pool", "state"],
    multiprocess_mode="livesum",
)
SIZE = Gauge("gazette_pool_size", "How many connections a pool may have.", ["pool"], multiprocess_mode="livesum")
LAG = Histogram(
    "gazette_event_loop_lag_seconds",
    "By how much a timer of the event loop is late.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
)
SILENT = Gauge(
    "gazette_notifications_silent_seconds",
    "For how long the process that hears least has heard no notifications of PostgreSQL; 0 while they are heard.",
    multiprocess_mode="livemax",
)
MEMORY = Gauge("gazette_resident_memory_bytes", "Memory of the processes.", multiprocess_mode="livesum")
DESCRIPTORS = Gauge("gazette_open_file_descriptors", "Open files of the process that has most.", multiprocess_mode="livemax")


class Sampling:
    """Looks at a process."""

    def __init__(self, base: Base, limits: Limits, samples: Sequence[Callable[[], None]]) -> None:
        self.base = base
        self.samples = (self.of_pools, self.of_redis, self.of_memory, self.of_notifications, *samples)
        self.shares = [(getattr(limits, kind), IN_PROGRESS.labels(kind)) for kind in KINDS]
        self.turns = limits.turns
        for kind in KINDS:
            MOST.labels(kind).set(getattr(limits, kind).most)
        self.connections = {(pool, state): CONNECTIONS.labels(pool, state) for pool in POOLS for state in ("in_use", "idle")}
        database = base.database
        engines = {"primary": database.primary, **({"replica": database.replica} if database.has_replica else {})}
        self.engines = engines
        SIZE.labels("direct").set(database.pool.size)
        SIZE.labels("redis").set(redis.CONNECTIONS)
        for name, engine in engines.items():
            if isinstance(engine.pool, Pool):
                SIZE.labels(name).set(engine.pool.most)

    def job(self) -> Job:
        return Job("metrics", self.sample, seconds=SECONDS)

    async def sample(self) -> None:
        for share, gauge in self.shares:
            gauge.set(share.taken)
        IN_TURN.set(len(self.turns.waiting))
        for each in self.samples:
            each()
        loop = asyncio.get_running_loop()
        start = loop.time()
        await asyncio.sleep(NAP)
        LAG.observe(max(0.0, loop.time() - start - NAP))

    def of_pools(self) -> None:
        for name, engine in self.engines.items():
            if isinstance(engine.pool, Pool):
                self.set(name, engine.pool.checkedout(), engine.pool.checkedin())
        self.set("direct", self.base.database.pool.in_use, len(self.base.database.pool.idle))

    def of_redis(self) -> None:
        self.set("redis", self.base.redis.in_use, max(0, redis.CONNECTIONS - self.base.redis.in_use))

    def set(self, pool: str, in_use: int, idle: int) -> None:
        self.connections[pool, "in_use"].set(in_use)
        self.connections[pool, "idle"].set(idle)

    def of_memory(self) -> None:
        MEMORY.set(int(Path("/proc/self/statm").read_text().split()[1]) * getpagesize())
        DESCRIPTORS.set(len([*Path("/proc/self/fd").iterdir()]))

    def of_notifications(self) -> None:
        lost_since = self.base.listener.lost_since
        SILENT.set(0.0 if lost_since is None else max(0.0, asyncio.get_running_loop().time() - lost_since))
