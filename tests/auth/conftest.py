"""Fixtures of the tests of auth."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc
import pytest
import pytest_asyncio

from server.stores import postgres
from tests.auth.asking import another_process
from tests.polling import PATIENCE
from tests.service import Service


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a server that is started wait for connections to PostgreSQL: many calls at once on a busy machine are no outage."""
    monkeypatch.setattr(postgres, "PATIENCE", PATIENCE)


@pytest_asyncio.fixture(scope="module")
async def elsewhere(shared_service: Service) -> AsyncIterator[grpc.aio.Channel]:
    """A second process on the database of `service`, with a memory of its own, beside all tests of a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres, "PATIENCE", PATIENCE)
        async with another_process(shared_service) as channel:
            patch.undo()
            yield channel


@pytest.fixture
def email(service: Service) -> str:
    """An address that nobody else has."""
    return f"{service.unique('ada')}@example.gov"


@pytest.fixture
def slug(service: Service) -> str:
    """A name for an organisation that no other has."""
    return service.unique("transport")
