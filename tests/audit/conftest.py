"""Fixtures of the audit's tests."""

from __future__ import annotations

import pytest_asyncio

from tests.audit.auditing import Auditor
from tests.service import Service


@pytest_asyncio.fixture
async def auditor(service: Service) -> Auditor:
    """An admin of all organisations on a server of its own, and the database behind it."""
    return await Auditor.of(service)
