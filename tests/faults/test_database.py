"""PostgreSQL dies, or falls silent, while all is at work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import httpx
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from gazette.content.v1.content_service_pb2 import GetDocumentRequest
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from tests.faults.installation import PAGE, Installation
from tests.faults.load import Load, Outcome
from tests.polling import PAUSE

DEADLINE = 5.0
"""CALL_DEADLINE, by default."""
READINESS = {
    "": "NOT_SERVING",
    "liveness": "SERVING",
    "gazette.delivery.v1.DeliveryService": "SERVING",
    "gazette.content.v1.ContentService": "NOT_SERVING",
    "gazette.system.v1.SystemService": "NOT_SERVING",
}
"""What each probe is told while PostgreSQL is away."""
OUTAGE = {("UNAVAILABLE", "DATABASE_UNAVAILABLE")}
OVERDUE = {("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED")}


@asynccontextmanager
async def paused(installation: Installation) -> AsyncIterator[None]:
    """SIGSTOP to PostgreSQL: its connections stay open, and nothing answers."""
    await asyncio.to_thread(installation.stack.postgres.pause)
    try:
        yield
    finally:
        await asyncio.to_thread(installation.stack.postgres.resume)


@asynccontextmanager
async def killed(installation: Installation) -> AsyncIterator[None]:
    """kill -9 to PostgreSQL, which is started again at the end of the block."""
    await asyncio.to_thread(installation.stack.postgres.kill)
    try:
        yield
    finally:
        await asyncio.to_thread(installation.stack.postgres.start)


def codes(outcomes: list[Outcome]) -> set[tuple[str, str]]:
    return {(each.code, each.reason) for each in outcomes}


async def test_a_crash_of_the_database(installation: Installation) -> None:
    """kill -9 of PostgreSQL under load: cached pages go on, all else is UNAVAILABLE at once and betrays nothing, and within 3 s
    of its return all is well, with every write that was acknowledged (X3)."""
    async with Load.on(installation, attempts=1) as load:
        async with load.running(*load.reads, *load.writes):
            await load.has_come(50)
            async with killed(installation):
                away = time.monotonic()
                await load.has_come(80, load.grpc_me, load.http_me, *load.writes, since=away)
                back = time.monotonic()
            await load.has_come(11, since=back + 3)
        end = time.monotonic()
        assert codes(load.of(load.grpc_page, load.http_page)) == {("OK", "")}
        during = load.of(load.grpc_me, load.http_me, *load.writes, since=away, until=back - 0.5)  # not those that waited for it
        assert len(during) > 40
        assert codes(during) == OUTAGE
        assert max(each.seconds for each in during) < DEADLINE
        for each in load.outcomes:
            for secret in ("postgresql", "gazette_owner", "127.0.0.1", "Traceback", "asyncpg", "Refused"):
                assert secret not in each.said
        assert codes(load.outcomes) == OUTAGE | {("OK", "")}
        recovered = load.of(since=back + 3, until=end)
        assert len(recovered) > 10
        assert codes(recovered) == {("OK", "")}
        for id_ in load.made:
            assert (await load.one.content.GetDocument(GetDocumentRequest(id=id_))).document.id == id_


async def test_a_silent_database(installation: Installation) -> None:
    """SIGSTOP of PostgreSQL under load: the server ends every request by its deadline, long before its client would give it up
    (who is given up on is told no reason), cached pages are served, and afterwards all is well (X4)."""
    async with Load.on(installation, attempts=1) as load:
        async with load.running(*load.reads, *load.writes):
            await load.has_come(50)
            async with paused(installation):
                stopped = time.monotonic()
                for each in (load.grpc_me, load.http_me, *load.writes):  # has waited in vain, and asked again
                    await load.has_come(1, each, since=stopped)
                resumed = time.monotonic()
            await load.has_come(11, since=resumed + 3)
        assert codes(load.of(load.grpc_page, load.http_page)) == {("OK", "")}
        assert codes(load.of(since=stopped, until=resumed)) & OVERDUE
        assert codes(load.outcomes) <= OUTAGE | OVERDUE | {("OK", "")}
        assert codes(load.of(since=resumed + 3)) == {("OK", "")}


async def test_a_worker_starts_while_the_database_is_away(installation: Installation) -> None:
    """A worker that dies while PostgreSQL is away is replaced; its successor serves from Redis what others have read, says that
    it is not ready for the rest, and is when PostgreSQL is back."""
    async with Load.on(installation) as load:
        await load.http_page()  # somebody has read it, so it is in Redis
    begun = len(installation.log("serving"))
    async with killed(installation):
        installation.workers()[0].kill()
        async with asyncio.timeout(20):
            while len(installation.log("serving")) == begun:
                await asyncio.sleep(PAUSE)
        async with grpc.aio.insecure_channel(installation.socket(0)) as channel:
            page = (await DeliveryServiceStub(channel).GetPage(GetPageRequest(path=PAGE, locale="en"), timeout=5)).page
            for name, wanted in READINESS.items():
                stub: Any = HealthStub(channel)
                answer = await stub.Check(HealthCheckRequest(service=name), timeout=5)
                assert HealthCheckResponse.ServingStatus.Name(answer.status) == wanted, name
        assert page.path == f"/{PAGE}"
        async with httpx.AsyncClient(base_url=installation.http, timeout=5) as http:
            assert (await http.get(f"/v1/pages/{PAGE}")).status_code == httpx.codes.OK
            assert (await http.get("/health")).status_code == httpx.codes.SERVICE_UNAVAILABLE
    async with asyncio.timeout(5):
        while not await asyncio.to_thread(installation.is_ready):
            await asyncio.sleep(PAUSE)
