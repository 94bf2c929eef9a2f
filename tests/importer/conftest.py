"""What tests of imports share."""

from __future__ import annotations

import pytest_asyncio

from gazette.auth.v1.account_pb2 import Role
from tests.importer.office import Office
from tests.service import Service


@pytest_asyncio.fixture
async def office(own_service: Service) -> Office:
    """On a server of its own: an organisation need not be named where there is only one, and sources say where pages are."""
    await own_service.organisation("harbours")
    return Office(own_service, await own_service.account("admin@example.gov", role=Role.ROLE_ADMIN))
