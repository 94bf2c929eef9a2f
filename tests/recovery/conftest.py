"""What the tests of backups share: an installation with content, and the commands beside it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest_asyncio
from click.testing import Result
from sqlalchemy.engine import make_url

from devstack import binaries
from tests.command_line import run
from tests.files.uploading import PDF, PNG, send, upload_of
from tests.publishing import put_page
from tests.service import Service, administer, role_url

KEY = "a key of the tests, for backups that nobody else reads"


@dataclass
class Installation:
    """A service with pages, files and an audit, and where its backups go."""

    service: Service
    environment: dict[str, str]

    async def backup(self, *arguments: str, **environment: str) -> Result:
        return await run(self.service, "backup", *arguments, **{**self.environment, **environment})

    async def restore(self, *arguments: str, **environment: str) -> Result:
        return await run(self.service, "restore", *arguments, **{**self.environment, **environment})

    def objects(self, what: str = "") -> list[Path]:
        """What is in the backups' folder, by the end of its path."""
        folder = Path(self.environment["BACKUP_DIRECTORY"])
        return sorted(path for path in folder.rglob("*") if path.is_file() and str(path).endswith(what))

    def elsewhere(self, database: str, files: Path) -> dict[str, str]:
        """The environment of another, empty installation."""
        return {
            "DATABASE_URL": role_url(self.service.servers, "gazette", database),
            "MIGRATION_DATABASE_URL": role_url(self.service.servers, "gazette_owner", database),
            "FILES_DIRECTORY": str(files),
        }

    @asynccontextmanager
    async def empty_database(self) -> AsyncIterator[str]:
        name = f"gazette_restored_{uuid.uuid4().hex[:8]}"
        await administer(self.service.servers, f"CREATE DATABASE {name} OWNER gazette_owner")
        try:
            yield name
        finally:
            await administer(self.service.servers, f"DROP DATABASE {name} WITH (FORCE)")


@pytest_asyncio.fixture
async def installed(own_service: Service, tmp_path: Path) -> Installation:
    organisation = await own_service.organisation()
    editor = await own_service.account(organisation_id=organisation)
    for name, content in (("harbour.png", PNG), ("form.pdf", PDF)):
        await send(own_service, editor, upload_of(organisation, content, name), content)
    for number in range(20):
        await put_page(own_service.database, f"/page-{number}")
    return Installation(own_service, environment(own_service, tmp_path))


def environment(service: Service, folder: Path) -> dict[str, str]:
    admin = make_url(service.servers.admin_url).set(database=make_url(service.settings.database_url).database)
    return {
        "MIGRATION_DATABASE_URL": service.settings.migration_database_url,
        "BACKUP_DATABASE_URL": admin.render_as_string(hide_password=False),
        "BACKUP_DIRECTORY": str(folder / "backups"),
        "BACKUP_ENCRYPTION_KEY": KEY,
        "BACKUP_PHYSICAL": "false",
        "BACKUP_POSTGRES_BIN": str(Path(binaries.binary(binaries.POSTGRES)).parent),
    }
