"""Fixtures of the content tests."""

from __future__ import annotations

import pytest_asyncio

from tests.content.desk import Desk
from tests.service import Service


@pytest_asyncio.fixture
async def desk(service: Service) -> Desk:
    """An editorial office beside others."""
    return await Desk.opened(service)


@pytest_asyncio.fixture
async def own_desk(own_service: Service) -> Desk:
    """An editorial office on a server of its own, whose record begins with it."""
    return await Desk.opened(own_service)
