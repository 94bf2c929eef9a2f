"""Redis dies, or falls silent: calls are counted all the same, and none waits for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import median

import pytest
from redis.exceptions import RedisError

from server.rpc.admission import rates
from server.stores import redis
from tests.faults.installation import Installation
from tests.faults.test_redis import away
from tests.polling import until
from tests.servers import Servers
from tests.service import Service, running
from tests.test_rates import answered, get_me, told

MOST = 60


@pytest.fixture
async def limited(own_servers: Servers, own_template: str, tmp_path: Path) -> AsyncIterator[Service]:
    """A server that takes sixty calls a day, and whose Redis may be stopped."""
    limits = {"RATE_LIMIT_MAX": str(MOST), "RATE_LIMIT_WINDOW": "1d", "CALL_DEADLINE": "5s"}
    async with running(own_servers, own_template, tmp_path, **limits) as service:
        yield service


@pytest.mark.parametrize("how", ["kill", "pause"])
async def test_the_count_goes_on(installation: Installation, limited: Service, how: str) -> None:
    """Without Redis calls are as fast as ever, and one too many is refused. When it is back it hears of them, once."""
    person = await limited.account()
    seconds = []

    async def timed() -> None:
        start = time.perf_counter()
        await get_me(limited.channel, person)
        seconds.append(time.perf_counter() - start)
        await asyncio.sleep(rates.SHARE_SECONDS / 10)  # over several rounds of telling Redis

    async with away(installation, how):
        assert await answered(timed, MOST + 1) == MOST
    assert median(seconds) < redis.TIMEOUT  # what each would wait, if it waited

    async def is_told() -> bool:
        try:
            return await told(limited, person.id) >= MOST
        except RedisError:  # the test's own connection is one to the Redis that was killed
            return False

    await until(is_told)
    await asyncio.sleep(4 * rates.SHARE_SECONDS)
    assert await told(limited, person.id) == MOST
