"""Redis dies, or falls silent: nobody notices, and nothing old is served when it is back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest

from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from server import app
from server.delivery.changes import Changes
from server.delivery.pages import shared
from tests import polling
from tests.content.desk import Desk
from tests.faults.installation import Installation
from tests.faults.load import Load
from tests.publishing import put_page
from tests.service import Service

READS = 100


@asynccontextmanager
async def away(installation: Installation, how: str) -> AsyncIterator[None]:
    """Redis is killed and comes back empty, or is paused and comes back with what it had."""
    redis = installation.stack.redis
    begin, end = (redis.kill, redis.start) if how == "kill" else (redis.pause, redis.resume)
    await asyncio.to_thread(begin)
    try:
        yield
    finally:
        await asyncio.to_thread(end)


@asynccontextmanager
async def another_process(service: Service) -> AsyncIterator[app.App]:
    """A server that has just started, on the same database and Redis."""
    process = await app.build(service.settings)
    await process.start()
    try:
        yield process
    finally:
        await process.stop()


async def title(process: app.App, path: str) -> str:
    """What this process serves."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{process.port}") as channel:
        answer = await DeliveryServiceStub(channel).GetPage(GetPageRequest(path=path, locale="en"), timeout=5)
    return answer.page.title


async def until(condition: Any, seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def cold_reads(service: Service, prefix: str) -> list[float]:
    """How long it took to read each of these pages for the first time."""
    seconds = []
    for number in range(READS):
        start = time.perf_counter()
        await DeliveryServiceStub(service.channel).GetPage(GetPageRequest(path=f"/{prefix}/{number}"), timeout=5)
        seconds.append(time.perf_counter() - start)
    return sorted(seconds)


@pytest.mark.parametrize("how", ["kill", "pause"])
async def test_reads_and_publishing_go_on(installation: Installation, exposed: Service, how: str) -> None:
    """Without Redis pages are read from memory and from PostgreSQL, at most 150 ms later, and a document goes from its draft to
    the public, who see it at once (X7)."""
    desk = await Desk.opened(exposed)
    for prefix in ("with", "without"):
        for number in range(READS):
            await put_page(exposed.database, f"/{prefix}/{number}")
    usual = await cold_reads(exposed, "with")
    async with away(installation, how):
        unusual = await cold_reads(exposed, "without")
        document = await desk.published("/published/meanwhile")
        assert (await desk.page(document.path)).page.title == document.title
        changed = await desk.through_review(await desk.update(await desk.get(document), title="Changed"))
        async with asyncio.timeout(1):
            while (await desk.page(document.path)).page.title != changed.title:
                await asyncio.sleep(0.01)
    assert unusual[-2] - usual[-2] < 0.15  # p99 of a hundred


async def test_no_request_fails(installation: Installation) -> None:
    """While Redis is silent no request fails, over gRPC or over HTTP, and the health says so."""
    async with Load.on(installation, attempts=1) as load, load.running(*load.reads, *load.writes):
        await load.has_come(20)
        async with away(installation, "pause"):
            silent = time.monotonic()

            async def is_degraded() -> bool:  # the parts are asked once a second
                said: str = (await load.http.get("/health")).json()["status"]
                return said == "HEALTH_STATUS_DEGRADED"

            await polling.until(is_degraded)
            await load.has_come(100, since=silent)
    assert [each for each in load.outcomes if each.code != "OK"] == []


@pytest.mark.parametrize("how", ["kill", "pause"])
async def test_nothing_old_comes_back_with_it(installation: Installation, exposed: Service, how: str) -> None:
    """A page that was published while Redis was away is served fresh by a new process, before it reads Redis and then."""
    await put_page(exposed.database, "/a", "Before")
    assert await title(exposed.app, "/a") == "Before"
    async with away(installation, how):
        await put_page(exposed.database, "/a", "After")
        await until(lambda: not exposed.app.means(Changes).is_shared_true)
    async with another_process(exposed) as newcomer:
        assert await title(newcomer, "/a") == "After"
        await until(lambda: newcomer.means(Changes).is_shared_true)
        newcomer.means(Changes).page_cache.clear()
        assert await title(newcomer, "/a") == "After"
    await until(lambda: exposed.app.means(Changes).is_shared_true)
    assert b"Before" not in (await exposed.app.base.redis.get(shared.key("/a", "en")) or b"")


async def test_what_no_process_told(installation: Installation, exposed: Service) -> None:
    """What a process published but did not live to tell Redis, the next one tells, before it believes anything there."""
    await put_page(exposed.database, "/a", "Before")
    async with another_process(exposed) as teller:
        assert await title(teller, "/a") == "Before"
        await until(lambda: teller.means(Changes).is_shared_true)
    await exposed.app.means(Changes).job.stop()  # nobody tells from here on
    assert b"Before" in (await exposed.app.base.redis.get(shared.key("/a", "en")) or b"")
    await put_page(exposed.database, "/a", "After")
    async with another_process(exposed) as newcomer:
        await until(lambda: newcomer.means(Changes).is_shared_true)
        newcomer.means(Changes).page_cache.clear()
        assert await title(newcomer, "/a") == "After"
