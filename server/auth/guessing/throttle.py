"""The throttle: an attempt to guess a secret is counted before it is made, and given back if it was right."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, MutableMapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple
from weakref import WeakValueDictionary

from prometheus_client import Counter as PrometheusCounter
from sqlalchemy.ext.asyncio import AsyncConnection

from server.auth import failures
from server.auth.failures import NeverHashed
from server.auth.guessing import queries
from server.stores.postgres import Database, DatabaseUnavailable
from server.stores.redis import Cache, CacheUnavailable

MILLISECOND = timedelta(milliseconds=1)
FORGIVEN = (failures.SignInBusy, NeverHashed, failures.TotpRequired, failures.TooManyGrants)
"""What an attempt may end with that was right, or for which no hash was computed."""

PATIENCE = 2.0
"""For how many seconds somebody waits where all attempts that are left are other people's, and under way."""
PAUSE = 0.05
BUSY_SECONDS = 2.0
"""When to come back for who has waited in vain."""

FAIL = """
local function fail(key)
    local left = redis.call('PTTL', key)
    if left > 0 then
        redis.call('INCR', key .. ':failed')
        redis.call('PEXPIRE', key .. ':failed', left)
    end
end
"""
RESERVE = f"""{FAIL}
for number, key in ipairs(KEYS) do
    local most = tonumber(ARGV[3 * number - 2])
    if tonumber(redis.call('GET', key) or 0) >= most then
        for before = 1, number - 1 do
            if ARGV[3 * before] == '1' then fail(KEYS[before]) end
        end
        local left = math.max(redis.call('PTTL', key), 1)
        if ARGV[3 * number] == '1' and tonumber(redis.call('GET', key .. ':failed') or 0) < most then
            return {{number, left, 0, 1}}
        end
        local is_news = redis.call('SET', key .. ':reported', 1, 'NX', 'PX', left)
        return {{number, left, is_news and 1 or 0, 0}}
    end
    if redis.call('INCR', key) == 1 then redis.call('PEXPIRE', key, ARGV[3 * number - 1]) end
end
return {{0, 0, 0, 0}}
"""
NOTE_FAILURES = f"""{FAIL}
for _, key in ipairs(KEYS) do fail(key) end
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
    is_shared: bool = False
    """Whether it is that of honest people too, whose attempts come back: who finds none left waits for those under way."""

    def of(self, *whose: object) -> Counter:
        digest = hashlib.sha256("\0".join(map(str, whose)).encode()).hexdigest()
        return Counter(self, f"gazette:attempts:{self.name}:{digest}")


class Counter(NamedTuple):
    """The attempts of one account, address or device."""

    budget: Budget
    key: str


ACCOUNT = Budget("account", 5, timedelta(minutes=15))
"""Strangers' attempts on one account."""
ADDRESS = Budget("address", 10, timedelta(minutes=5), is_shared=True)
"""Attempts of all at one address who bring no device's token, on whichever accounts, known there or not."""
DEVICE = Budget("device", 10, timedelta(minutes=15))
"""Attempts of a device that has signed in to the account before."""
KNOWN_ADDRESS = Budget("known address", 10, timedelta(minutes=15))
"""Attempts on an account from an address that has signed in to it before."""
CONFIRMATION = Budget("confirmation", 5, timedelta(minutes=15))
"""Attempts of somebody who is signed in and asked for the password again: who stole an access token may not guess freely."""


THROTTLED = PrometheusCounter(
    "gazette_sign_in_throttled_total", "Attempts that a budget had no room for, by budget.", ["budget"]
)
throttled = {each.name: THROTTLED.labels(each.name).inc for each in (ACCOUNT, ADDRESS, DEVICE, KNOWN_ADDRESS, CONFIRMATION)}


class Exhausted(failures.TooManySignIns):
    """A counter has no attempts left."""

    def __init__(self, counter: Counter, seconds: float, *, is_news: bool, is_passing: bool = False) -> None:
        super().__init__(retry_after=seconds)
        self.counter = counter
        self.is_news = is_news
        """False if that was reported before, in the same window. True if that has to be found out."""
        self.is_passing = is_passing
        """Whether not all of them have failed: some are under way, and may be given back."""


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
    turns: MutableMapping[str, asyncio.Lock] = field(default_factory=WeakValueDictionary, repr=False)
    """Of this process's who wait for an attempt of a counter, one looks whether there is one."""

    @asynccontextmanager
    async def attempt(self, *counters: Counter) -> AsyncIterator[None]:
        """One attempt, which the block makes. It counts if the block raises. A shared counter comes first. Raises Exhausted,
        SignInBusy, DatabaseUnavailable."""
        try:
            reservation = await self.reserve_in_turn(*counters)
        except Exhausted as exhausted:
            if count := throttled.get(exhausted.counter.budget.name):
                count()
            raise
        try:
            yield
        except FORGIVEN:
            await self.release(reservation)
            raise
        except BaseException:
            await self.note_failures(reservation)
            raise
        await self.release(reservation)

    async def reserve_in_turn(self, *counters: Counter) -> Reservation:
        """As `reserve`, but waits while others' attempts may still be given back. Raises SignInBusy if that takes too long."""
        try:
            return await self.reserve(*counters)
        except Exhausted as exhausted:
            if not exhausted.is_passing:
                raise
            key = exhausted.counter.key
        end = time.monotonic() + PATIENCE
        async with self.turns.setdefault(key, asyncio.Lock()):
            while time.monotonic() < end:
                try:
                    return await self.reserve(*counters)
                except Exhausted as exhausted:
                    if not exhausted.is_passing:
                        raise
                await asyncio.sleep(PAUSE)
        raise failures.SignInBusy(retry_after=BUSY_SECONDS)

    async def reserve(self, *counters: Counter) -> Reservation:
        """Counts one attempt for each, in this order, up to the first that has none left: so that no more than a budget's are
        under way, however many come at once. Raises Exhausted, DatabaseUnavailable."""
        reservation = Reservation(counters, await self.reserve_in_redis(counters))
        try:
            await self.reserve_in_database(counters)
        except DatabaseUnavailable:
            await self.release_in_redis(reservation)
            raise
        except Exhausted as exhausted:
            if exhausted.is_passing:
                await self.release_in_redis(reservation)  # who waits asks again and again, and counts once
            raise
        return reservation

    async def reserve_in_redis(self, counters: tuple[Counter, ...]) -> bool:
        """False if Redis could not be asked. Raises Exhausted."""
        limits = [
            value for budget, _ in counters for value in (budget.most, int(budget.window / MILLISECOND), int(budget.is_shared))
        ]
        try:
            keys = [counter.key for counter in counters]
            number, left, is_news, is_passing = await self.cache.evaluate(RESERVE, keys, limits)
        except CacheUnavailable:
            return False
        if number:
            raise Exhausted(counters[number - 1], left / 1000, is_news=bool(is_news), is_passing=bool(is_passing))
        return True

    async def reserve_in_database(self, counters: tuple[Counter, ...]) -> None:
        exhausted = None
        async with self.database.transaction() as connection:
            for number, counter in enumerate(counters):
                budget = counter.budget
                if not await queries.count_attempt(connection, counter.key, budget.most, budget.window):
                    seconds, failed, is_news = await queries.exhausted(connection, counter.key, report_key(counter))
                    is_passing = budget.is_shared and failed < budget.most
                    exhausted = Exhausted(counter, seconds, is_news=is_news, is_passing=is_passing)
                    await queries.note_failures(connection, shared(counters[:number]))
                    break
        if exhausted is not None:
            raise exhausted  # outside of the transaction: what was counted before it stays counted

    async def note_failures(self, reservation: Reservation) -> None:
        """Lets those who wait for the attempts know that they do not come back."""
        keys = shared(reservation.counters)
        if not keys:
            return
        if reservation.in_redis:
            with suppress(CacheUnavailable):
                await self.cache.evaluate(NOTE_FAILURES, keys)
        with suppress(DatabaseUnavailable):
            async with self.database.transaction() as connection:
                await queries.note_failures(connection, keys)

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


def shared(counters: Sequence[Counter]) -> list[str]:
    """The keys of those that honest people share."""
    return [counter.key for counter in counters if counter.budget.is_shared]


async def is_news(connection: AsyncConnection, exhausted: Exhausted) -> bool:
    """Whether the transaction is the first to report, in this window, that the counter has no attempts left."""
    window = timedelta(seconds=exhausted.retry_after)
    return exhausted.is_news and await queries.count_attempt(connection, report_key(exhausted.counter), 1, window)


def report_key(counter: Counter) -> str:
    """The key that says that it was reported, in this window, that the counter has no attempts left."""
    return f"{counter.key}:reported"
