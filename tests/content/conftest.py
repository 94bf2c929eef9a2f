"""Fixtures of the content tests."""

from __future__ import annotations

import pytest_asyncio

from tests.content.desk import Desk
from tests.service import Service


@pytest_asyncio.fixture
async def desk(service: Service) -> Desk:
    """An editorial office on a server of its own."""
    return await Desk.opened(service)
