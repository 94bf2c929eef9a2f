"""Bringing the database to the schema of this release. Whether it is there, `schema.py` finds out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import exc, pool, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from server.settings import CannotStart, Settings
from server.stores.postgres import OUTAGES, PRIVILEGE, cause, is_outage, sqlalchemy_url, sqlstate
from server.stores.schema import DIRECTORY

APPEND_ONLY = ("record_entries", "audit_events", "audit_seals")
"""Where the server's role can only INSERT and SELECT."""
ERASABLE = ("audit_personal", "audit_unsealed")
"""Where it can also DELETE, but change nothing."""
LOCK = 0x6D696772617465  # "migrate": two releases that start at once migrate one after the other


class CannotMigrate(CannotStart):
    """Nothing was changed; the message says what to do."""


async def migrate(settings: Settings, revision: str = "head") -> None:
    """Upgrades, or downgrades to an earlier revision (`base`: to nothing), as the role that owns the tables; then gives the
    server's role its rights."""
    engine = create_async_engine(sqlalchemy_url(settings.owner_database_url), poolclass=pool.NullPool)
    role = sqlalchemy_url(settings.database_url).username or ""
    try:
        async with explained(), engine.connect() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(:key)").bindparams(key=LOCK))
            await connection.commit()
            await connection.run_sync(run, revision)
            await grant(connection, role)
            await connection.commit()
    finally:
        await engine.dispose()


@asynccontextmanager
async def explained() -> AsyncIterator[None]:
    """Says in one line why the database cannot be migrated; a migration that fails by itself keeps its trace."""
    try:
        yield
    except CommandError as error:
        raise CannotMigrate(f"{error}; run: gazette migrate") from None
    except (exc.DBAPIError, *OUTAGES) as error:
        if isinstance(error, exc.DBAPIError) and not (is_outage(sqlstate(error)) or sqlstate(error) == PRIVILEGE):
            raise
        raise CannotMigrate(
            f"the database cannot be migrated ({cause(error)}); start it, and name its owner in MIGRATION_DATABASE_URL"
        ) from None


def run(connection: Connection, revision: str) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    connection.commit()
    config = configuration()
    config.attributes["connection"] = connection
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    backwards = revision == "base" or (revision in known and current in known and known.index(revision) > known.index(current))
    (command.downgrade if backwards else command.upgrade)(config, revision)


def configuration() -> Config:
    config = Config()
    config.set_main_option("script_location", str(DIRECTORY))
    return config


async def grant(connection: AsyncConnection, role: str) -> None:
    """Gives the server's role what it needs, and takes from it what would let it rewrite the record or the audit."""
    owner = (await connection.execute(text("SELECT current_user"))).scalar_one()
    if role in {"", owner}:
        return
    name = connection.dialect.identifier_preparer.quote(role)
    statements = [
        f"GRANT USAGE ON SCHEMA public TO {name}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}",
    ]
    present = (await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).scalars().all()
    statements += [f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {name}" for table in APPEND_ONLY if table in present]
    statements += [f"REVOKE UPDATE, TRUNCATE ON {table} FROM {name}" for table in ERASABLE if table in present]
    statements += [f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {name}" for _ in range("alembic_version" in present)]
    for statement in statements:
        await connection.execute(text(statement))
