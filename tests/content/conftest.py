"""Fixtures of the content tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.content.desk import Desk
from tests.servers import Servers
from tests.service import Service, running


@pytest_asyncio.fixture
async def desk(service: Service) -> Desk:
    """An editorial office beside others."""
    return await Desk.opened(service)


@pytest_asyncio.fixture
async def own_desk(own_service: Service) -> Desk:
    """An editorial office on a server of its own, whose record begins with it."""
    return await Desk.opened(own_service)


@pytest_asyncio.fixture
async def elsewhere(servers: Servers, template: str, tmp_path: Path) -> AsyncIterator[Service]:
    """Another installation, which holds nothing."""
    async with running(servers, template, tmp_path / "elsewhere") as service:
        yield service
