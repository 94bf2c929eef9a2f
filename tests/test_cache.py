"""Redis as the server sees it."""

from __future__ import annotations

import asyncio
import time

import pytest

from gazette.system.v1.system_service_pb2 import GetHealthRequest
from gazette.system.v1.system_service_pb2_grpc import SystemServiceStub
from server.stores import redis
from tests.polling import PATIENCE
from tests.service import Service


@pytest.mark.timed
async def test_many_readers_are_no_outage(own_service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """More readers at once than there may be connections wait for each other, and open no more of them; Redis is not taken for
    absent. What is asked has all the time that a busy machine may take."""
    monkeypatch.setattr(redis, "TIMEOUT", PATIENCE)
    cache = redis.connect(own_service.settings)
    try:
        await cache.set("gazette:test", b"here", 10)
        before = {each["id"] for each in await own_service.redis.client_list()}
        assert {*await asyncio.gather(*(cache.get("gazette:test") for _ in range(250)))} == {b"here"}
        opened = {each["id"] for each in await own_service.redis.client_list()} - before
        assert len(opened) <= redis.CONNECTIONS
        assert cache.resting_until < time.monotonic() - 1
    finally:
        await cache.close()


async def test_asking_for_the_health_often(own_service: Service) -> None:
    """However often anyone asks for the health, the parts are asked once a second."""
    await own_service.redis.config_resetstat()
    for _ in range(100):
        await SystemServiceStub(own_service.channel).GetHealth(GetHealthRequest(), timeout=5)
    calls = (await own_service.redis.info("commandstats")).get("cmdstat_ping", {}).get("calls", 0)
    assert calls <= 5
