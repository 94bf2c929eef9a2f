"""Whether the database has a schema that this release can work with: its own, or a newer one that serves it, too.

Each migration says which release's processes may go on beside it (`SERVES`, docs/upgrades.md), and `gazette migrate` keeps the
oldest of them in a table, where a process of that release, which does not know the migration, finds it. Nothing here needs
Alembic, which takes 10 MB that no serving process needs.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from sqlalchemy import exc, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from server.settings import CannotStart
from server.stores.postgres import PRIVILEGE, Model, cause, sqlstate

DIRECTORY = Path(__file__).parents[2] / "migrations"
REVISION = re.compile(r"(\d{4})_\w+\.py")


class WrongSchema(CannotStart):
    """The database is not at a revision that serves this release; the message says what to do."""


class SchemaSupport(Model):
    """One row: the oldest revision whose release may work with the schema as it is."""

    __tablename__ = "schema_support"

    oldest_revision: Mapped[str] = mapped_column(primary_key=True)


@cache
def revisions() -> tuple[str, ...]:
    """All that this release knows, the newest last: migrations are numbered, and their files are named by the numbers."""
    matches = (REVISION.fullmatch(file.name) for file in (DIRECTORY / "versions").iterdir())
    return tuple(sorted(match[1] for match in matches if match))


async def check(connection: AsyncConnection) -> None:
    """Raises WrongSchema unless the database's revision is this release's, or a newer one that serves this release, too."""
    current, needed = await revision(connection), revisions()[-1]
    if current not in {None, *revisions()}:
        oldest = await oldest_served(connection)
        if oldest is None or oldest > needed:
            raise WrongSchema(f"the database is at revision {current}, which only a newer release knows; run that one")
    elif current != needed:
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


async def oldest_served(connection: AsyncConnection) -> str | None:
    """The oldest revision whose release may work with the database; None where that was never written down."""
    if not (await connection.execute(text("SELECT to_regclass('schema_support') IS NOT NULL"))).scalar_one():
        return None
    found: str | None = (await connection.execute(text("SELECT max(oldest_revision) FROM schema_support"))).scalar_one()
    return found
