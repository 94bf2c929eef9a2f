"""The throttle: an attempt to guess a secret is counted before it is made, and given back if it was right."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from server.auth import failures
from server.auth.failures import NeverHashed
from server.auth.guessing import queries
from server.stores.postgres import Database, DatabaseUnavailable
from server.stores.redis import Cache, CacheUnavailable

MILLISECOND = timedelta(milliseconds=1)
FORGIVEN = (failures.SignInBusy, NeverHashed, failures.TotpRequired, failures.TooManyGrants)
"""What an attempt may end with that was right, or for which no hash was computed."""

RESERVE = """
for number, key in ipairs(KEYS) do
    if tonumber(redis.call('GET', key) or 0) >= tonumber(ARGV[2 * number - 1]) then
        local left = math.max(redis.call('PTTL', key), 1)
        local is_news = redis.call('SET', key .. ':reported', 1, 'NX', 'PX', left)
        return {number, left, is_news and 1 or 0}
    end
    if redis.call('INCR', key) == 1 then redis.call('PEXPIRE', key, ARGV[2 * number]) end
end
return {0, 0, 0}
"""
RELEASE = """
for _, key in ipairs(KEYS) do
    if tonumber(redis.call('GET', key) or 0) > 0 then redis.call('DECR', key) end
end
"""

FORGET = "return redis.call('DEL', unpack(KEYS))"


@dataclass(frozen=True)
class Budget:
    """How many attempts there may be in which time. The time begins with the first of them."""

    name: str
    most: int
    window: timedelta

    def of(self, *whose: object) -> Counter:
        digest = hashlib.sha256("\0".join(map(str, whose)).encode()).hexdigest()
        return Counter(self, f"gazette:attempts:{self.name}:{digest}")


class Counter(NamedTuple):
    """The attempts of one account, address or device."""

    budget: Budget
    key: str


ACCOUNT = Budget("account", 5, timedelta(minutes=15))
"""Strangers' attempts on one account."""
ADDRESS = Budget("address", 10, timedelta(minutes=5))
"""Attempts from one address, on whichever accounts it is a stranger to."""
DEVICE = Budget("device", 10, timedelta(minutes=15))
"""Attempts of a device that has signed in to the account before."""
DEVICES = Budget("devices", 30, timedelta(minutes=15))
"""Attempts of all these devices together: whoever once knew the password may have made themselves as many as they like."""
KNOWN_ADDRESS = Budget("known address", 10, timedelta(minutes=15))
"""Attempts on an account from an address that has signed in to it before."""
CONFIRMATION = Budget("confirmation", 5, timedelta(minutes=15))
"""Attempts of somebody who is signed in and asked for the password again: who stole an access token may not guess freely."""


class Exhausted(failures.TooManySignIns):
    """A counter has no attempts left."""

    def __init__(self, counter: Counter, seconds: float, *, is_news: bool) -> None:
        super().__init__(retry_after=seconds)
        self.counter = counter
        self.is_news = is_news
        """False if that was reported before, in the same window. True if that has to be found out."""


class Reservation(NamedTuple):
    """Attempts that were counted, and where."""

    counters: tuple[Counter, ...]
    in_redis: bool


@dataclass(frozen=True)
class Throttle:
    """PostgreSQL counts. Redis counts before it, so that a flood of guesses ends there; it may be away, or have forgotten
    everything, and still nobody has more attempts than a budget's."""

    cache: Cache
    database: Database
    """All who sign in share a few connections of it."""

    @asynccontextmanager
    async def attempt(self, *counters: Counter) -> AsyncIterator[None]:
        """One attempt, which the block makes. It counts if the block raises. Raises Exhausted, DatabaseUnavailable."""
        reservation = await self.reserve(*counters)
        try:
            yield
        except FORGIVEN:
            await self.release(reservation)
            raise
        await self.release(reservation)

    async def reserve(self, *counters: Counter) -> Reservation:
        """Counts one attempt for each, in this order, up to the first that has none left: so that no more than a budget's are
        under way, however many come at once. Raises Exhausted, DatabaseUnavailable."""
        reservation = Reservation(counters, await self.reserve_in_redis(counters))
        try:
            await self.reserve_in_database(counters)
        except DatabaseUnavailable:
            await self.release_in_redis(reservation)
            raise
        return reservation

    async def reserve_in_redis(self, counters: tuple[Counter, ...]) -> bool:
        """False if Redis could not be asked. Raises Exhausted."""
        limits = [value for counter in counters for value in (counter.budget.most, int(counter.budget.window / MILLISECOND))]
        try:
            number, left, is_news = await self.cache.evaluate(RESERVE, [counter.key for counter in counters], limits)
        except CacheUnavailable:
            return False
        if number:
            raise Exhausted(counters[number - 1], left / 1000, is_news=bool(is_news))
        return True

    async def reserve_in_database(self, counters: tuple[Counter, ...]) -> None:
        exhausted = None
        async with self.database.transaction() as connection:
            for counter in counters:
                if not await queries.count_attempt(connection, counter.key, counter.budget.most, counter.budget.window):
                    seconds, is_news = await queries.exhausted(connection, counter.key, report_key(counter))
                    exhausted = Exhausted(counter, seconds, is_news=is_news)
                    break
        if exhausted is not None:
            raise exhausted  # outside of the transaction: what was counted before it stays counted

    async def release(self, reservation: Reservation) -> None:
        """Gives the attempts back, unless what counted them is away by now."""
        await self.release_in_redis(reservation)
        with suppress(DatabaseUnavailable):
            async with self.database.transaction() as connection:
                await queries.return_attempts(connection, [counter.key for counter in reservation.counters])

    async def release_in_redis(self, reservation: Reservation) -> None:
        if reservation.in_redis:
            with suppress(CacheUnavailable):
                await self.cache.evaluate(RELEASE, [counter.key for counter in reservation.counters])

    async def forget(self, *counters: Counter) -> None:
        """Forgets all attempts that were counted, unless what counted them is away by now."""
        keys = [key for counter in counters for key in (counter.key, report_key(counter))]
        with suppress(CacheUnavailable):
            await self.cache.evaluate(FORGET, keys)
        with suppress(DatabaseUnavailable):
            async with self.database.transaction() as connection:
                await queries.forget_attempts(connection, keys)


async def is_news(connection: AsyncConnection, exhausted: Exhausted) -> bool:
    """Whether the transaction is the first to report, in this window, that the counter has no attempts left."""
    window = timedelta(seconds=exhausted.retry_after)
    return exhausted.is_news and await queries.count_attempt(connection, report_key(exhausted.counter), 1, window)


def report_key(counter: Counter) -> str:
    """The key that says that it was reported, in this window, that the counter has no attempts left."""
    return f"{counter.key}:reported"
