"""Redis as the server sees it."""

from __future__ import annotations

import asyncio
import time

from gazette.system.v1.system_service_pb2 import GetHealthRequest
from gazette.system.v1.system_service_pb2_grpc import SystemServiceStub
from tests.service import Service


async def test_many_readers_are_no_outage(own_service: Service) -> None:
    """More readers at once than there may be connections wait for each other; Redis is not taken for absent."""
    cache = own_service.app.base.redis
    await cache.set("gazette:test", b"here", 10)
    assert {*await asyncio.gather(*(cache.get("gazette:test") for _ in range(250)))} == {b"here"}
    assert cache.resting_until < time.monotonic() - 1


async def test_asking_for_the_health_often(own_service: Service) -> None:
    """However often anyone asks for the health, the parts are asked once a second."""
    await own_service.redis.config_resetstat()
    for _ in range(100):
        await SystemServiceStub(own_service.channel).GetHealth(GetHealthRequest(), timeout=5)
    calls = (await own_service.redis.info("commandstats")).get("cmdstat_ping", {}).get("calls", 0)
    assert calls <= 5
