"""Fixtures of the audit's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import text

from tests.audit.auditing import Auditor
from tests.servers import Servers
from tests.service import Service, running


@pytest_asyncio.fixture(scope="session")
async def audit_service(servers: Servers, template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """One server for all tests of the audit in this process, which nobody else uses."""
    async with running(servers, template, tmp_path_factory.mktemp("audit")) as started:
        yield started


@pytest_asyncio.fixture
async def auditor(audit_service: Service) -> Auditor:
    """An admin of all organisations, whose signing in is the first event of a new chain, and the database behind it."""
    await audit_service.begin()
    async with audit_service.owner.begin() as connection:
        await connection.execute(text("TRUNCATE audit_events, audit_personal, audit_seals, audit_unsealed"))
    return await Auditor.of(audit_service)
