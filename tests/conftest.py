"""Fixtures: real servers. `service` for a test that calls the server itself, `edge` for one that comes through Envoy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests import servers as backing
from tests.edge import Edge
from tests.service import Service, make_template, running

SERVICES = {"servers", "edge", "installation"}
LONG = 40


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what needs services, or is about them, as `integration`: CI runs the rest apart, and first."""
    for item in items:
        if SERVICES & set(getattr(item, "fixturenames", ())) or "devstack" in item.path.parts:
            item.add_marker("integration")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A long text is called as its argument is: written out it says nothing, and what keys of this run signed is another one in
    each of the processes that pytest-xdist starts, which must all call a test the same."""
    return argname if isinstance(val, str | bytes) and len(val) > LONG else None


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[backing.Servers]:
    """PostgreSQL and Redis for this test process."""
    with backing.started(tmp_path_factory.mktemp("stack")) as started:
        yield started


@pytest_asyncio.fixture(scope="session")
async def template(servers: backing.Servers) -> str:
    """The name of a migrated, empty database."""
    return await make_template(servers)


@pytest_asyncio.fixture
async def service(servers: backing.Servers, template: str, tmp_path: Path) -> AsyncIterator[Service]:
    """A server in this process with a database of its own."""
    async with running(servers, template, tmp_path) as started:
        yield started


@pytest.fixture(scope="session")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """What `make run` starts: two workers behind Envoy, with the demo content."""
    with Edge.started(tmp_path_factory.mktemp("edge")) as started:
        yield started


@pytest.fixture(scope="module")
def http_admin(edge: Edge) -> Iterator[httpx.Client]:
    """A client over HTTP, signed in as the demo's admin."""
    with closing(edge.client("admin@example.gov")) as client:
        yield client
