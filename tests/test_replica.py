"""DATABASE_REPLICA_URL: public lists are read there, unless it lags behind. An empty database stands in for one that
does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from sqlalchemy import event

from gazette.auth.v1.account_pb2 import Role
from gazette.delivery.v1.delivery_service_pb2 import ListPagesRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from gazette.system.v1.system_service_pb2 import GetDetailedHealthRequest, HealthStatus
from gazette.system.v1.system_service_pb2_grpc import SystemServiceStub
from server.delivery.changes import Changes
from tests.publishing import put_page
from tests.servers import Servers
from tests.service import Service, make_settings, running


@pytest_asyncio.fixture
async def replicated(servers: Servers, template: str, tmp_path: Path) -> AsyncIterator[Service]:
    """A server whose replica's URL names the template: it has every table, and no page."""
    url = make_settings(servers, template, tmp_path).database_url
    async with running(servers, template, tmp_path, DATABASE_REPLICA_URL=url) as service:
        yield service
        await service.database.replica.dispose()


def statements(service: Service) -> list[str]:
    """What the replica is asked from now on."""
    seen: list[str] = []

    @event.listens_for(service.database.replica.sync_engine, "before_cursor_execute")
    def see(connection: object, cursor: object, statement: str, *rest: object) -> None:
        seen.append(statement)

    return seen


async def test_lists_are_read_from_it(replicated: Service) -> None:
    """ListPages asks the replica, and the replica alone, while it knows what this process knows."""
    seen = statements(replicated)
    answer = await DeliveryServiceStub(replicated.channel).ListPages(ListPagesRequest(), timeout=5)
    assert list(answer.pages) == []
    assert any("FROM pages" in statement for statement in seen)


async def test_one_that_lags_behind(replicated: Service) -> None:
    """A list that the replica would give without the newest publication is read from the primary: it is held until the next."""
    number = await put_page(replicated.database, "/a")
    async with asyncio.timeout(2):
        while replicated.app.means(Changes).head < number:
            await asyncio.sleep(0.01)
    seen = statements(replicated)
    answer = await DeliveryServiceStub(replicated.channel).ListPages(ListPagesRequest(), timeout=5)
    assert [page.path for page in answer.pages] == ["/a"]
    assert not any("FROM pages" in statement for statement in seen)


async def test_its_health(replicated: Service) -> None:
    """Whoever may see details is told of the replica too."""
    admin = await replicated.account(role=Role.ROLE_ADMIN)
    answer = await SystemServiceStub(replicated.channel).GetDetailedHealth(
        GetDetailedHealthRequest(), metadata=admin.metadata, timeout=5
    )
    assert {part.name: part.status for part in answer.components}["database_replica"] == HealthStatus.HEALTH_STATUS_HEALTHY
