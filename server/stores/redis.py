"""Redis: a shared cache that may vanish at any moment. Every failure is a miss, and costs a tenth of a second at most."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as TimedOut

from server.settings import Settings
from server.stores.metering import failed, waited

log = structlog.get_logger(__name__)

TIMEOUT = 0.1  # seconds; redis-py's defaults hang for 5 to 20
REST_SECONDS = 1.0
CONNECTIONS = 16  # a process asks no faster with more, and many opened at once exceed the timeout

Answer = TypeVar("Answer")


class CacheUnavailable(Exception):
    """Redis could not be asked."""


@dataclass
class Cache:
    """Bytes by key. After a failure Redis is left alone for a second, so that an outage costs one caller and not all."""

    redis: Redis
    resting_until: float = field(default=0.0)
    in_use: int = 0
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONNECTIONS))

    async def get(self, key: str) -> bytes | None:
        """The value; None when there is none, and when Redis could not be asked."""
        try:
            return await self.read(key)
        except CacheUnavailable:
            return None

    async def get_both(self, first: str, second: str) -> tuple[bytes | None, bytes | None]:
        """Two values as they were at one moment, as `get` has them."""
        try:
            one, other = await self.read_all(first, second)
        except CacheUnavailable:
            return None, None
        return one, other

    async def read(self, key: str) -> bytes | None:
        """The value, or None when there is none. Raises CacheUnavailable."""
        (value,) = await self.read_all(key)
        return value

    async def read_all(self, *keys: str) -> list[bytes | None]:
        """The values in the order of the keys. Raises CacheUnavailable."""
        values = await self.ask(lambda: self.redis.mget(keys))
        return [value.encode() if isinstance(value, str) else value for value in values]

    async def set(self, key: str, value: bytes, seconds: int) -> None:
        with suppress(CacheUnavailable):
            await self.ask(lambda: self.redis.set(key, value, ex=seconds))

    async def run(self, script: str, key: str, *arguments: bytes | int) -> bool:
        """Runs a Lua script on one key; False when Redis could not be reached."""
        try:
            await self.evaluate(script, [key], arguments)
        except CacheUnavailable:
            return False
        return True

    async def evaluate(self, script: str, keys: Sequence[str], arguments: Sequence[bytes | int] = ()) -> Any:
        """What a Lua script answers, which sees and changes all of the keys at one moment. Raises CacheUnavailable."""
        return await self.ask(lambda: self.redis.eval(script, len(keys), *keys, *arguments))

    async def ask(self, command: Callable[[], Awaitable[Answer]]) -> Answer:
        """Raises CacheUnavailable. Who has waited for a connection does not wait once more for a Redis that did not answer."""
        with waited("redis") if self.turns.locked() else nullcontext():
            await self.turns.acquire()
        self.in_use += 1
        try:
            if time.monotonic() < self.resting_until:
                raise CacheUnavailable
            return await command()
        except (RedisError, OSError, TimeoutError) as error:
            failed["redis", kind_of(error)]()
            self.rest(error)
            raise CacheUnavailable from error
        finally:
            self.in_use -= 1
            self.turns.release()

    async def check(self) -> None:
        """Raises what is wrong."""
        await self.redis.ping()

    def rest(self, error: Exception) -> None:
        if time.monotonic() > self.resting_until + REST_SECONDS:
            log.warning("redis unavailable", error=type(error).__name__)
        self.resting_until = time.monotonic() + REST_SECONDS

    async def close(self) -> None:
        await self.redis.aclose()


def kind_of(error: Exception) -> str:
    """A failure's kind, as it is counted (`metering.KINDS`)."""
    if isinstance(error, TimeoutError | TimedOut):
        return "timeout"
    return "unreachable" if isinstance(error, OSError | Disconnected) else "refused"


def connect(settings: Settings) -> Cache:
    """Nothing is opened until it is needed."""
    redis = Redis.from_url(
        settings.redis_url,
        password=settings.redis_password or None,  # one in the URL wins
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        retry=Retry(NoBackoff(), 0),
        max_connections=CONNECTIONS + 1,  # and one for `check`
    )
    return Cache(redis)
