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
from gazette.record.v1.record_service_pb2 import ListRecordEntriesRequest
from gazette.record.v1.record_service_pb2_grpc import RecordServiceStub
from gazette.system.v1.system_service_pb2 import GetDetailedHealthRequest, HealthStatus
from gazette.system.v1.system_service_pb2_grpc import SystemServiceStub
from server.delivery.changes import Changes
from tests.delivery.workers import Other, another
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


async def test_a_part_is_no_older_than_the_one_before(replicated: Service) -> None:
    """A replica that has less than the part before has shown is not asked for the next, whatever this process has heard of
    (C12)."""
    async with another(replicated, database_replica_url="") as elsewhere:
        with Other(replicated.app, replicated.channel).held_back():
            number = [await put_page(replicated.database, path) for path in ("/a", "/b")][-1]
            request = ListPagesRequest(page_size=1, min_record_number=number)
            first = await elsewhere.delivery.ListPages(request, timeout=5)
            assert [page.path for page in first.pages] == ["/b"]
            stub = DeliveryServiceStub(replicated.channel)
            assert not (await stub.ListPages(ListPagesRequest(page_size=1), timeout=5)).pages
            rest = ListPagesRequest(page_size=1, page_token=first.next_page_token)
            assert [page.path for page in (await stub.ListPages(rest, timeout=5)).pages] == ["/a"]


async def test_the_record(replicated: Service) -> None:
    """The record is read there, too, unless the caller names an entry that it may not have yet."""
    number = await put_page(replicated.database, "/a")
    stub = RecordServiceStub(replicated.channel)
    assert not (await stub.ListRecordEntries(ListRecordEntriesRequest(), timeout=5)).entries
    answer = await stub.ListRecordEntries(ListRecordEntriesRequest(min_record_number=number), timeout=5)
    assert [entry.body.path for entry in answer.entries] == ["/a"]


async def test_its_health(replicated: Service) -> None:
    """Whoever may see details is told of the replica too."""
    admin = await replicated.account(role=Role.ROLE_ADMIN)
    answer = await SystemServiceStub(replicated.channel).GetDetailedHealth(
        GetDetailedHealthRequest(), metadata=admin.metadata, timeout=5
    )
    assert {part.name: part.status for part in answer.components}["database_replica"] == HealthStatus.HEALTH_STATUS_HEALTHY
