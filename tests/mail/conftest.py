"""Fixtures: a mail server that insists on encryption and a password, and a service that sends by it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.certificates import Authority
from tests.mail.post_office import PostOffice, tls_context
from tests.mail.posting import posting
from tests.servers import Servers
from tests.service import Service


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority("of mail servers")


@pytest.fixture
def ca_file(tmp_path: Path, authority: Authority) -> str:
    path = tmp_path / "authority.pem"
    path.write_bytes(authority.certificate)
    return str(path)


@pytest_asyncio.fixture
async def office(tmp_path: Path, authority: Authority) -> AsyncIterator[PostOffice]:
    async with PostOffice().open(tls_context(tmp_path, authority)) as office:
        yield office


@pytest_asyncio.fixture
async def sender(servers: Servers, template: str, tmp_path: Path, office: PostOffice, ca_file: str) -> AsyncIterator[Service]:
    async with posting(servers, template, tmp_path, office.port, SMTP_CA_FILE=ca_file) as service:
        yield service
