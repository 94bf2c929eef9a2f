"""The connection over which a process hears of changes is cut: it asks instead, and makes up for what it missed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import grpc
import pytest_asyncio
from sqlalchemy import text
from structlog.testing import capture_logs

from gazette.auth.v1.auth_service_pb2 import GetMeRequest, LogoutRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from server import app
from server.stores.notify import APPLICATION
from tests.faults.conftest import EXPOSED
from tests.faults.installation import Installation
from tests.polling import until_so
from tests.publishing import put_gone, put_page
from tests.refusals import refused
from tests.servers import Servers
from tests.service import Service, administer, running

CUT = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{APPLICATION}' AND datname = "
BOUND = 1.5
"""Seconds until a change is seen though nothing is heard: an entry is checked again after one."""


@pytest_asyncio.fixture
async def exposed(own_servers: Servers, own_template: str, tmp_path: Path) -> AsyncIterator[Service]:
    """As for the others, with as many connections kept open as the jobs and a call may want at once."""
    async with running(own_servers, own_template, tmp_path, **EXPOSED, DATABASE_POOL_MIN="5") as service:
        yield service


async def title(service: Service, path: str) -> str:
    answer = await DeliveryServiceStub(service.channel).GetPage(GetPageRequest(path=path), timeout=5)
    return answer.page.title or answer.gone.explanation


async def becomes(service: Service, path: str, wanted: str) -> float:
    """Waits until the path serves that, and overlooks that it is UNAVAILABLE until then; the seconds it took."""
    start = time.monotonic()
    async with asyncio.timeout(5):
        while True:
            with suppress(grpc.RpcError):
                if await title(service, path) == wanted:
                    return time.monotonic() - start
            await asyncio.sleep(0.01)


async def hears(service: Service, *, wanted: bool) -> None:
    async with asyncio.timeout(5):
        while service.app.base.listener.is_listening != wanted:
            await asyncio.sleep(0.005)


@asynccontextmanager
async def deaf(service: Service) -> AsyncIterator[None]:
    """No new connection is let in, so that the one that is cut stays away; those of the pool go on, of which there are enough
    for the jobs, too."""
    database = service.settings.database_url.rpartition("/")[2]
    async with AsyncExitStack() as held:
        for _ in range(service.settings.database_pool_min):
            connection = await held.enter_async_context(service.database.read())
            await connection.execute(text("SELECT 1"))
    await administer(service.servers, f"ALTER DATABASE {database} ALLOW_CONNECTIONS false", f"{CUT}'{database}'")
    try:
        await hears(service, wanted=False)
        yield
    finally:
        await administer(service.servers, f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
        await hears(service, wanted=True)


async def test_a_change_is_seen_without_notifications(exposed: Service) -> None:
    """A change and a removal are seen within a second and a half though nothing is heard, and the pages that nobody asked for
    meanwhile are right as soon as something is (I4)."""
    for path in ("/changed", "/removed", "/unasked"):
        await put_page(exposed.database, path, "Before")
        assert await title(exposed, path) == "Before"
    async with deaf(exposed):
        await put_page(exposed.database, "/changed", "After")
        await put_gone(exposed.database, "/removed", "Closed.")
        await put_page(exposed.database, "/unasked", "After")
        assert await becomes(exposed, "/changed", "After") < BOUND
        assert await becomes(exposed, "/removed", "Closed.") < BOUND
    assert await title(exposed, "/unasked") == "After"


async def test_a_cut_that_mends_itself(exposed: Service) -> None:
    """A connection that is cut is made again by itself, and what changed in between is seen within a second (I4)."""
    database = exposed.settings.database_url.rpartition("/")[2]
    await put_page(exposed.database, "/a", "Before")
    assert await title(exposed, "/a") == "Before"
    await administer(exposed.servers, f"{CUT}'{database}'")
    await put_page(exposed.database, "/a", "After")
    assert await becomes(exposed, "/a", "After") < BOUND
    await hears(exposed, wanted=True)
    await put_page(exposed.database, "/a", "Later")
    assert await becomes(exposed, "/a", "Later") < 1


async def test_a_session_that_ended_meanwhile(exposed: Service) -> None:
    """A process that did not hear of a sign-out refuses the session's token as soon as it hears again (T5)."""
    person = await exposed.account()
    other = await app.build(exposed.settings)
    await other.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{other.port}") as channel:
            elsewhere = AuthServiceStub(channel)
            await elsewhere.GetMe(GetMeRequest(), metadata=person.metadata, timeout=5)
            async with deaf(exposed):
                await AuthServiceStub(exposed.channel).Logout(LogoutRequest(), metadata=person.metadata, timeout=5)
            async with asyncio.timeout(5):
                while not other.base.listener.is_listening:
                    await asyncio.sleep(0.01)
            refusal = await refused(elsewhere.GetMe(GetMeRequest(), metadata=person.metadata, timeout=5))
            assert refusal.code == grpc.StatusCode.UNAUTHENTICATED
    finally:
        await other.stop()


async def test_listening_outlives_every_failure(exposed: Service) -> None:
    """Whatever keeps a process from catching up, it tries again: here PostgreSQL refuses it the record for a while."""
    database = exposed.settings.database_url.rpartition("/")[2]
    async with exposed.owner.begin() as connection:
        await connection.execute(text("REVOKE SELECT ON record_entries FROM gazette"))
    with capture_logs() as logs:
        await administer(exposed.servers, f"{CUT}'{database}'")
        await hears(exposed, wanted=False)
        await until_so(
            lambda: [line for line in logs if line["event"] == "notifications failed"]
        )  # it has tried, and was refused
    assert not exposed.app.base.listener.is_listening
    async with exposed.owner.begin() as connection:
        await connection.execute(text("GRANT SELECT ON record_entries TO gazette"))
    await hears(exposed, wanted=True)


async def test_what_is_held_has_an_age(installation: Installation, exposed: Service) -> None:
    """While PostgreSQL is away a page is served from memory, but for no longer than PAGE_STALE_AGE; then nobody knows."""
    await put_page(exposed.database, "/a", "Held")
    assert await title(exposed, "/a") == "Held"
    await exposed.redis.flushdb()
    await asyncio.to_thread(installation.stack.postgres.kill)
    try:
        await hears(exposed, wanted=False)
        start = time.monotonic()
        assert await title(exposed, "/a") == "Held"
        refusal = None
        async with asyncio.timeout(5):
            while refusal is None:
                try:
                    await title(exposed, "/a")
                    await asyncio.sleep(0.05)
                except grpc.RpcError:
                    refusal = await refused(title(exposed, "/a"))
        assert time.monotonic() - start < 3
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE")
    finally:
        await asyncio.to_thread(installation.stack.postgres.start)
    assert await becomes(exposed, "/a", "Held") < 3
