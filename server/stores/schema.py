"""Whether the database is at the schema of this release. Without Alembic, which takes 10 MB that no serving process needs."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from sqlalchemy import exc, text
from sqlalchemy.ext.asyncio import AsyncConnection

from server.settings import CannotStart
from server.stores.postgres import PRIVILEGE, cause, sqlstate

DIRECTORY = Path(__file__).parents[2] / "migrations"
REVISION = re.compile(r"(\d{4})_\w+\.py")


class WrongSchema(CannotStart):
    """The database is not at the revision that this release needs; the message says what to do."""


@cache
def revisions() -> tuple[str, ...]:
    """All that this release knows, the newest last: migrations are numbered, and their files are named by the numbers."""
    matches = (REVISION.fullmatch(file.name) for file in (DIRECTORY / "versions").iterdir())
    return tuple(sorted(match[1] for match in matches if match))


async def check(connection: AsyncConnection) -> None:
    """Raises WrongSchema unless the database is at the revision that this release needs."""
    current, needed = await revision(connection), revisions()[-1]
    if current not in {None, *revisions()}:
        raise WrongSchema(f"the database is at revision {current}, which only a newer release knows; run that one")
    if current != needed:
        raise WrongSchema(f"the database is at revision {current or 'none'}, this release needs {needed}; run: gazette migrate")


async def revision(connection: AsyncConnection) -> str | None:
    """The database's own; None where nothing was ever migrated. Raises WrongSchema."""
    try:
        exists = (await connection.execute(text("SELECT to_regclass('alembic_version') IS NOT NULL"))).scalar_one()
        if not exists:
            return None
        found: str | None = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    except exc.DBAPIError as error:
        if sqlstate(error) != PRIVILEGE:
            raise
        raise WrongSchema(f"the database lets the server read nothing ({cause(error)}); run: gazette migrate") from None
    return found
