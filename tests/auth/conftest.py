"""Fixtures of the tests of auth."""

from __future__ import annotations

import pytest

from server.stores import postgres
from tests.polling import PATIENCE
from tests.service import Service


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a server that is started wait for connections to PostgreSQL: many calls at once on a busy machine are no outage."""
    monkeypatch.setattr(postgres, "PATIENCE", PATIENCE)


@pytest.fixture
def email(service: Service) -> str:
    """An address that nobody else has."""
    return f"{service.unique('ada')}@example.gov"


@pytest.fixture
def slug(service: Service) -> str:
    """A name for an organisation that no other has."""
    return service.unique("transport")
