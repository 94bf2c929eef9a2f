"""One set of servers for all fault tests of this process, which nobody else uses: each test leaves them as it found them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.faults.installation import Installation
from tests.servers import Servers
from tests.service import Service, make_template, running

EXPOSED = {"PAGE_STALE_AGE": "2s", "CALL_DEADLINE": "5s"}


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Two workers behind Envoy."""
    with Installation.started(tmp_path_factory.mktemp("faults")) as started:
        yield started


@pytest.fixture(scope="session")
def own_servers(installation: Installation) -> Servers:
    """The installation's PostgreSQL and Redis, for a server in this process: with a database of its own in each, since all who
    share a Redis are taken to share a record too."""
    stack = installation.stack
    return Servers(stack.admin_database_url, stack.redis_url.removesuffix("/0") + "/1", stack)


@pytest_asyncio.fixture(scope="session")
async def own_template(own_servers: Servers) -> str:
    return await make_template(own_servers)


@pytest_asyncio.fixture
async def exposed(own_servers: Servers, own_template: str, tmp_path: Path) -> AsyncIterator[Service]:
    """A server in this process whose PostgreSQL and Redis may be stopped. It gives up what it holds after two seconds."""
    async with running(own_servers, own_template, tmp_path, **EXPOSED) as service:
        yield service
