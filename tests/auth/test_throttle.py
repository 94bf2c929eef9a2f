"""The throttle: attempts are counted before they are made, by Redis and by PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from sqlalchemy import func, text, update

from server.auth import failures
from server.auth.guessing import throttle
from server.auth.guessing.throttle import Budget, Counter, Exhausted, Throttle
from server.auth.models import SignInAttempts
from server.stores import redis as stores_redis
from server.stores.redis import Cache
from tests.auth.stored import change, rows
from tests.polling import PATIENCE, until
from tests.service import Service

FIVE = Budget("five", 5, timedelta(minutes=15))
TWO = Budget("two", 2, timedelta(minutes=5))
NOWHERE = "redis://127.0.0.1:1/0"


@pytest_asyncio.fixture(params=["with redis", "without redis"])
async def counting(request: pytest.FixtureRequest, service: Service) -> AsyncIterator[Throttle]:
    if request.param == "with redis":
        yield Throttle(Cache(service.redis), service.database)
        return
    absent = stores_redis.connect(service.settings.model_copy(update={"redis_url": NOWHERE}))
    yield Throttle(absent, service.database)
    assert await service.redis.keys("gazette:attempts:*") == []
    await absent.close()


async def expire(service: Service) -> None:
    """Lets every window end now."""
    for key in await service.redis.keys("gazette:attempts:*"):
        await service.redis.pexpire(key, 1)
    await change(service, update(SignInAttempts).values(expire_time=func.now() - timedelta(seconds=1)))

    async def is_over() -> bool:
        return not await service.redis.keys("gazette:attempts:*")

    await until(is_over)


async def refusals(counting: Throttle, counter: Counter, count: int) -> list[Exhausted]:
    """Of so many attempts, as many at once as there are connections to PostgreSQL."""
    places = asyncio.Semaphore(10)

    async def one() -> Exhausted | None:
        async with places:
            try:
                await counting.reserve(counter)
            except Exhausted as exhausted:
                return exhausted
        return None

    return [each for each in await asyncio.gather(*(one() for _ in range(count))) if each is not None]


async def test_no_more_than_the_budget_at_once(counting: Throttle) -> None:
    """However many come at once, as many as the budget has get through, and the others hear when to come back."""
    counter, start = FIVE.of("somebody"), time.monotonic()
    refused = await refusals(counting, counter, 100)
    assert len(refused) == 95
    took = time.monotonic() - start
    assert all(each.counter == counter and 899 - took < each.retry_after <= 900 for each in refused)


async def test_counters_do_not_mix(counting: Throttle) -> None:
    """Each account, address and device has attempts of its own, and each kind of budget too."""
    for _ in range(2):
        await counting.reserve(TWO.of("ada"))
    await counting.reserve(TWO.of("grace"))
    await counting.reserve(FIVE.of("ada"))
    await counting.reserve(TWO.of("ada", "again"))
    with pytest.raises(Exhausted):
        await counting.reserve(TWO.of("ada"))


async def test_nothing_is_counted_behind_an_exhausted_counter(counting: Throttle) -> None:
    """An address that has had its attempts uses up nobody's account; an account that has, still costs the address one."""
    address, account = TWO.of("address"), FIVE.of("account")
    for _ in range(2):
        await counting.reserve(address)
    for _ in range(10):
        with pytest.raises(Exhausted) as caught:
            await counting.reserve(address, account)
        assert caught.value.counter == address
    for _ in range(5):
        await counting.reserve(account)
    other = TWO.of("another address")
    for _ in range(2):
        with pytest.raises(Exhausted) as caught:
            await counting.reserve(other, account)
        assert caught.value.counter == account
    with pytest.raises(Exhausted) as caught:
        await counting.reserve(other, account)
    assert caught.value.counter == other


async def test_a_right_attempt_is_given_back(counting: Throttle) -> None:
    """Who is right never runs out."""
    for _ in range(20):
        async with counting.attempt(TWO.of("address"), FIVE.of("account")):
            pass


async def test_a_wrong_attempt_is_kept(counting: Throttle) -> None:
    """Who is wrong does, and so does who gave up waiting: the hash was computed all the same."""
    counter = TWO.of("account")
    for error in (failures.InvalidCredentials, asyncio.CancelledError):
        with pytest.raises(error):
            async with counting.attempt(counter):
                raise error
    with pytest.raises(Exhausted):
        await counting.reserve(counter)


@pytest.mark.parametrize("error", throttle.FORGIVEN, ids=lambda error: error.__name__)
async def test_what_told_nobody_anything_is_forgiven(counting: Throttle, error: type[Exception]) -> None:
    """An attempt that was right but for something else, or was not judged at all, is given back."""
    counter = TWO.of("account")
    for _ in range(5):
        with pytest.raises(error):
            async with counting.attempt(counter):
                raise error
    await counting.reserve(counter)


async def test_giving_back_makes_no_debts(counting: Throttle, service: Service) -> None:
    """What is given back after its window has ended does not count as one more for the next."""
    counter = TWO.of("account")
    reservation = await counting.reserve(counter)
    await expire(service)
    await counting.release(reservation)
    await counting.release(reservation)
    for _ in range(2):
        await counting.reserve(counter)
    with pytest.raises(Exhausted):
        await counting.reserve(counter)


async def test_a_window_ends(counting: Throttle, service: Service) -> None:
    """Afterwards there is a whole budget again, and a whole window."""
    counter = TWO.of("account")
    for _ in range(2):
        await counting.reserve(counter)
    await expire(service)
    for _ in range(2):
        await counting.reserve(counter)
    with pytest.raises(Exhausted) as caught:
        await counting.reserve(counter)
    assert 290 < caught.value.retry_after <= 300


async def test_news_is_told_once(counting: Throttle, service: Service) -> None:
    """The first refusal of a window is news, of a hundred at once too; the first of the next window is news again."""
    counter = TWO.of("account")

    async def told(refused: Exhausted) -> bool:
        async with service.database.transaction() as connection:
            return await throttle.is_news(connection, refused)

    for _ in range(2):
        refused = await refusals(counting, counter, 20)
        assert len(refused) == 18
        assert sum(await asyncio.gather(*map(told, refused))) == 1
        await expire(service)


async def test_what_redis_forgets_is_counted(own_service: Service) -> None:
    """A Redis that was emptied, or away for a moment, gives nobody another attempt: PostgreSQL counts too."""
    redis = Cache(own_service.redis)
    counting, counter = Throttle(redis, own_service.database), TWO.of("account")
    await counting.reserve(counter)
    await own_service.redis.flushdb()
    await counting.reserve(counter)
    redis.rest(ConnectionError())
    with pytest.raises(Exhausted):
        await counting.reserve(counter)
    redis.resting_until = 0.0
    await own_service.redis.flushdb()
    with pytest.raises(Exhausted):
        await counting.reserve(counter)


async def test_redis_holds_off_a_flood(service: Service) -> None:
    """Once there are no attempts left, Redis says so, and PostgreSQL is not asked."""
    counting, counter = Throttle(Cache(service.redis), service.database), TWO.of("account")
    for _ in range(2):
        await counting.reserve(counter)
    async with service.owner.begin() as connection:
        await connection.execute(text("LOCK TABLE sign_in_attempts"))
        async with asyncio.timeout(PATIENCE):
            for _ in range(100):
                with pytest.raises(Exhausted):
                    await counting.reserve(counter)


async def test_keys_name_nobody(service: Service) -> None:
    """Neither Redis nor the table holds an address as it was typed."""
    await Throttle(Cache(service.redis), service.database).reserve(FIVE.of("ada@example.gov"))
    (key,) = await service.redis.keys("gazette:attempts:*")
    assert b"ada" not in key
    assert 0 < await service.redis.pttl(key) <= 900_000


async def test_counters_are_not_written_ahead(service: Service) -> None:
    """The table is unlogged: an attack while Redis is away does not fill the log of PostgreSQL."""
    ((persistence,),) = await rows(service, text("SELECT relpersistence FROM pg_class WHERE relname = 'sign_in_attempts'"))
    assert persistence in {"u", b"u"}
