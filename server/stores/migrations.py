"""Bringing the database to the schema of this release. Whether it is there, `schema.py` finds out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import exc, pool, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from server.settings import CannotStart, Settings
from server.stores import schema
from server.stores.postgres import OUTAGES, PRIVILEGE, cause, is_outage, sqlalchemy_url, sqlstate
from server.stores.schema import DIRECTORY

log = structlog.get_logger(__name__)

APPEND_ONLY = ("record_entries", "audit_events", "audit_seals", "content_type_versions")
"""Where the server's role can only INSERT and SELECT."""
ERASABLE = ("audit_personal", "audit_unsealed")
"""Where it can also DELETE, but change nothing."""
OWNERS = ("alembic_version", "schema_support")
"""What it can only read."""
LOCK = 0x6D696772617465  # "migrate": two releases that start at once migrate one after the other
LOCK_SECONDS = 2
"""How long a migration waits for a table that is in use. All who come after it wait behind it meanwhile."""
LOCK_ATTEMPTS, LOCK_PAUSE = 30, 1.0
LOCK_NOT_AVAILABLE = "55P03"


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
            if revision == "head" and await is_newer(connection):
                return
            await connection.execute(text(f"SET lock_timeout = '{LOCK_SECONDS}s'"))
            await connection.commit()
            await patiently(connection, revision)
            await grant(connection, role)
            await connection.commit()
    finally:
        await engine.dispose()


async def is_newer(connection: AsyncConnection) -> bool:
    """Whether only a newer release knows where the database is, and its schema serves this release: what that has made stays as
    it is, rights included. Raises WrongSchema if it does not."""
    current = await schema.revision(connection)
    newer = current not in {None, *schema.revisions()}
    if newer:
        await schema.check(connection)
        log.info(
            "the database is at a revision of a newer release, which serves this one; nothing is migrated", revision=current
        )
    await connection.commit()
    return newer


@asynccontextmanager
async def explained() -> AsyncIterator[None]:
    """Says in one line why the database cannot be migrated; a migration that fails by itself keeps its trace."""
    try:
        yield
    except CommandError as error:
        raise CannotMigrate(f"{error}; run: gazette migrate") from None
    except (exc.DBAPIError, *OUTAGES) as error:
        if isinstance(error, exc.DBAPIError) and sqlstate(error) == LOCK_NOT_AVAILABLE:
            raise CannotMigrate("the tables of a migration are in use all the time; run it again at a quieter time") from None
        if isinstance(error, exc.DBAPIError) and not (is_outage(sqlstate(error)) or sqlstate(error) == PRIVILEGE):
            raise
        raise CannotMigrate(
            f"the database cannot be migrated ({cause(error)}); start it, and name its owner in MIGRATION_DATABASE_URL"
        ) from None


async def patiently(connection: AsyncConnection, revision: str) -> None:
    """Migrates. A migration that gets no lock gives way to whoever has it, and begins again; those before it stay."""
    for attempt in range(1, LOCK_ATTEMPTS + 1):
        try:
            await connection.run_sync(run, revision)
        except exc.DBAPIError as error:
            if sqlstate(error) != LOCK_NOT_AVAILABLE or attempt == LOCK_ATTEMPTS:
                raise
            log.warning("a migration waits for tables that are in use", attempt=attempt)
        else:
            return
        await connection.rollback()
        await asyncio.sleep(LOCK_PAUSE)


def run(connection: Connection, revision: str) -> None:
    """Upgrades or downgrades. Processes that the new schema does not serve can start no more from before the first change."""
    current = MigrationContext.configure(connection).get_current_revision()
    connection.commit()
    config = configuration()
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    known = [script.revision for script in scripts.walk_revisions()]
    backwards = revision == "base" or (revision in known and current in known and known.index(revision) > known.index(current))
    target = known[0] if revision == "head" else revision
    oldest = oldest_served(scripts, target) if target in known else None
    if not backwards:
        tell_oldest(connection, oldest)
    (command.downgrade if backwards else command.upgrade)(config, revision)
    connection.commit()
    tell_oldest(connection, oldest)


def oldest_served(scripts: ScriptDirectory, target: str) -> str:
    """The oldest revision whose release may work with the schema of the target. A migration that says nothing serves its own
    release alone."""
    passed = [script for script in scripts.walk_revisions() if script.revision <= target]
    return max(str(getattr(script.module, "SERVES", script.revision)) for script in passed)


def tell_oldest(connection: Connection, oldest: str | None) -> None:
    exists = connection.execute(text("SELECT to_regclass('schema_support') IS NOT NULL")).scalar_one()
    if exists and oldest:
        connection.execute(text("DELETE FROM schema_support"))
        connection.execute(text("INSERT INTO schema_support VALUES (:oldest)"), {"oldest": oldest})
    connection.commit()


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
    statements += [f"REVOKE INSERT, UPDATE, DELETE ON {table} FROM {name}" for table in OWNERS if table in present]
    for statement in statements:
        await connection.execute(text(statement))
