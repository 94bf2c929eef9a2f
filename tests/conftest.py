"""Fixtures: real servers. `service` for a test that calls the server itself, `own_service` for one about all that a server has,
`edge` for one that comes through Envoy."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from server.stores import postgres
from tests import nightly
from tests import servers as backing
from tests.edge import Edge
from tests.polling import PATIENCE
from tests.service import Service, make_template, running

SERVICES = {"servers", "edge", "web_edge", "installation"}
GROUPS = {"edge": "edge", "web_edge": "web", "installation": "faults"}
"""What is slow to start is started by one process, which runs all the tests that use it: the fixture, and the group's name."""
LONG, HERE = 40, Path(__file__).resolve().parent
CHANCES = pytest.mark.flaky(reruns=2, reruns_delay=2)
"""For what holds the service to a time: a machine may be late by itself, and is hardly so three times in a row."""

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell's background jobs have it, and all that they start
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int:
    """Of `-n auto`: one more than there are processors, since tests wait for a fifth of their time."""
    return len(os.sched_getaffinity(0)) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks what needs services, or is about them, as `integration`: CI runs the rest apart, and first. Gathers the tests of an
    installation. Leaves out, unless asked for, what is for the night, and what checks the deployment or web clients with their
    own tools."""
    for item in items:
        used = set(getattr(item, "fixturenames", ()))
        if SERVICES & used or "devstack" in item.path.parts:
            item.add_marker("integration")
        for fixture in GROUPS.keys() & used:
            item.add_marker(pytest.mark.xdist_group(GROUPS[fixture]))
        if "installation" in used or item.get_closest_marker("timed"):
            item.add_marker(CHANCES)
        if item.path.is_relative_to(HERE) and item.path.relative_to(HERE).as_posix() in nightly.FILES:
            item.add_marker("soak")
    for marker in ("soak", "deploy", "web"):
        if os.environ.get(marker.upper()) != "1" and marker not in config.getoption("markexpr"):
            apart = [item for item in items if item.get_closest_marker(marker)]
            config.hook.pytest_deselected(items=apart)
            items[:] = [item for item in items if not item.get_closest_marker(marker)]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A long text is called as its argument is: written out it says nothing, and what keys of this run signed is another one in
    each of the processes that pytest-xdist starts, which must all call a test the same."""
    return argname if isinstance(val, str | bytes) and len(val) > LONG else None


@pytest.fixture(scope="session", autouse=True)
def authorities() -> Iterator[None]:
    """Whom httpx trusts is read once. It would read all authorities anew for each client, which takes longer than what most
    tests then ask, by plain HTTP."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", cache(httpx.create_ssl_context))
        yield


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[backing.Servers]:
    """PostgreSQL and Redis for this test process."""
    with backing.started(tmp_path_factory.mktemp("stack")) as started:
        yield started


@pytest_asyncio.fixture(scope="session")
async def template(servers: backing.Servers) -> str:
    """The name of a migrated, empty database."""
    return await make_template(servers)


@pytest_asyncio.fixture(scope="session")
async def shared_service(
    servers: backing.Servers, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """One server and one database for this test process. It waits for connections to PostgreSQL: many calls at once on a busy
    machine are no outage."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres, "PATIENCE", PATIENCE)
        async with running(servers, template, tmp_path_factory.mktemp("service")) as started:
            patch.undo()
            yield started


@pytest_asyncio.fixture
async def service(shared_service: Service) -> Service:
    """The server that all tests of this process share. Each makes organisations, accounts, types and paths of its own there,
    and looks at nothing else."""
    await shared_service.begin()
    return shared_service


@pytest.fixture
def root(service: Service) -> str:
    """Where a part of the site begins that is the test's own."""
    return f"/{service.unique('site')}"


@pytest_asyncio.fixture
async def own_service(servers: backing.Servers, template: str, tmp_path: Path) -> AsyncIterator[Service]:
    """A server and a database that no other test knows, for what is about all of them: the numbers of the record and of the
    audit, throttles, jobs, caches, what is left behind, and whatever is replaced in the server itself."""
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
