"""Asks every component how it is doing."""

from __future__ import annotations

import asyncio
import time
from collections import ChainMap
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from server.background import tasks
from server.stores.blobs import ObjectStorage
from server.stores.postgres import Database
from server.stores.redis import Cache
from server.system.rules import Finding

TIMEOUT = 2.0  # seconds
FRESH_SECONDS = 1.0
"""For how long a finding is told again, so that whoever asks often costs the components nothing."""

Check = Callable[[], Awaitable[None]]
"""Raises what is wrong."""


@dataclass(frozen=True)
class Probe:
    """The checks of all components, by name."""

    checks: Mapping[str, Check]
    asked: dict[str, tuple[float, asyncio.Task[Finding]]] = field(default_factory=dict)
    """When each was asked last (time.monotonic()), and what came of it."""

    async def ask(self, *names: str) -> list[Finding]:
        """How these components are doing, all of them without a name. Asks them at the same time; never raises."""
        return list(await asyncio.gather(*(self.finding(name) for name in names or self.checks)))

    async def finding(self, name: str) -> Finding:
        """What was found less than a second ago, or is being found out, or else is found now."""
        when, task = self.asked.get(name, (0.0, None))
        if task is None or (task.done() and time.monotonic() - when > FRESH_SECONDS):
            task = tasks.begin(self.ask_one(name))
            self.asked[name] = (time.monotonic(), task)
        return await asyncio.shield(task)

    async def ask_one(self, name: str) -> Finding:
        start = time.perf_counter()
        try:
            async with asyncio.timeout(TIMEOUT):
                await self.checks[name]()
        except Exception as error:  # noqa: BLE001 - whatever a component raises is what is wrong with it
            return Finding(name, time.perf_counter() - start, f"does not answer ({type(error).__name__})")
        return Finding(name, time.perf_counter() - start)


def of(database: Database, cache: Cache, storage: ObjectStorage, others: MutableMapping[str, Check]) -> Probe:
    """Asks the stores, and others."""
    checks: dict[str, Check] = {"database": lambda: select_one(database.primary)}
    if database.has_replica:
        checks["database_replica"] = lambda: select_one(database.replica)
    checks["redis"] = cache.check
    checks["object_storage"] = storage.check
    return Probe(ChainMap(others, checks))


async def select_one(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
