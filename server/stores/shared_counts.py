"""Counts in Redis that all processes add to."""

from __future__ import annotations

from functools import partial
from typing import Any

from limits.aio.storage import RedisStorage

from server.stores.redis import Cache, CacheUnavailable

PREFIX = "gazette:rates"


class SharedCounts:
    """Counts by key. What fails is None: who asks goes on with what it knows."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        pool: Any = cache.redis.connection_pool  # the cache's own: its timeouts and its bound on connections hold here too
        self.storage = RedisStorage("async+redis://", implementation="redispy", key_prefix=PREFIX, connection_pool=pool)

    async def is_there(self) -> bool:
        """Whether Redis answers. One that has stopped for a while would count later what it is sent now."""
        try:
            await self.cache.ask(self.cache.check)
        except CacheUnavailable:
            return False
        return True

    async def add(self, key: str, amount: int, seconds: int) -> int | None:
        """The key's new count, which is forgotten after so many seconds; None if Redis did not answer, though it may have heard
        all the same."""
        try:
            counted: int = await self.cache.ask(partial(self.storage.incr, key, seconds, amount))
        except CacheUnavailable:
            return None
        return counted
