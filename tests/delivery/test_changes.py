"""Following the record: nothing that was published is missed, neither by a process that did not listen nor by a Redis that
has lost its memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from server.delivery import changes as following
from server.delivery.changes import Changes
from server.delivery.pages.cache import Entry
from server.record import rules as record_rules
from tests.publishing import put_page
from tests.service import Service


async def title(service: Service, path: str) -> str:
    return (await DeliveryServiceStub(service.channel).GetPage(GetPageRequest(path=path, locale="en"), timeout=5)).page.title


async def told(service: Service, number: int) -> None:
    """Waits until Redis knows of the record up to this number."""
    async with asyncio.timeout(3):
        while (await service.app.means(Changes).shared_cache.head() or 0) < number:
            await asyncio.sleep(0.01)


@asynccontextmanager
async def deaf(service: Service) -> AsyncIterator[None]:
    """Nothing is heard of what is published meanwhile, until it is caught up with at the end."""
    listener = service.app.base.listener
    await listener.stop()
    listener.lost_since = time.monotonic()
    yield
    await service.app.means(Changes).catch_up()
    listener.lost_since = None


async def test_a_notice_that_overtakes_catching_up(own_service: Service) -> None:
    """What was published while nothing was heard is seen, though the first that is heard is a later publication."""
    await put_page(own_service.database, "/a", "Before")
    assert await title(own_service, "/a") == "Before"
    async with deaf(own_service):
        await put_page(own_service.database, "/a", "After")
        number = await put_page(own_service.database, "/b")
        own_service.app.means(Changes).receive(record_rules.notice(number, "en", "/b"))
    assert await title(own_service, "/a") == "After"


async def test_many_that_were_missed(own_service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many publications were missed, all of them are caught up with."""
    monkeypatch.setattr(following, "BATCH", 2)
    for number in range(5):
        await put_page(own_service.database, f"/{number}", "Before")
        assert await title(own_service, f"/{number}") == "Before"
    async with deaf(own_service):
        last = [await put_page(own_service.database, f"/{number}", "After") for number in range(5)][-1]
    assert [await title(own_service, f"/{number}") for number in range(5)] == ["After"] * 5
    assert own_service.app.means(Changes).list_cache.head == last


async def test_what_was_read_while_deaf(own_service: Service) -> None:
    """What came from Redis while nobody could vouch for it is not taken for true afterwards."""
    await put_page(own_service.database, "/a", "True")
    async with deaf(own_service):
        own_service.app.means(Changes).page_cache.put(("/a", "en"), Entry(1, b"", time.monotonic()))
    assert await title(own_service, "/a") == "True"


async def test_redis_loses_its_memory(own_service: Service) -> None:
    """A Redis that comes back with what it held a while ago is not believed, and is told again what it has forgotten."""
    redis = own_service.redis
    await told(own_service, await put_page(own_service.database, "/a", "Before"))
    own_service.app.means(Changes).page_cache.clear()
    assert await title(own_service, "/a") == "Before"
    snapshot = {key: await redis.dump(key) or b"" for key in await redis.keys("*")}
    assert b"gazette:page:en:/a" in snapshot
    number = await put_page(own_service.database, "/a", "After")
    await told(own_service, number)
    await redis.flushdb()
    for key, value in snapshot.items():
        await redis.restore(key, 0, value, replace=True)  # a job of the server may have told it something already
    own_service.app.means(Changes).page_cache.clear()
    assert await title(own_service, "/a") == "After"
    await told(own_service, number)
