"""The migrations: what they make is what the code expects, and each can be undone."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import exc, pool, text
from sqlalchemy import inspect as inspected
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from server.app import TABLES
from server.settings import Settings
from server.stores import migrations
from server.stores.postgres import PRIVILEGE, sqlalchemy_url, sqlstate
from tests.servers import Servers
from tests.service import administer, make_settings, make_template

SCRIPTS = sorted(ScriptDirectory.from_config(migrations.configuration()).walk_revisions(), key=lambda script: script.revision)


@pytest_asyncio.fixture
async def migrated(servers: Servers, tmp_path: Path) -> AsyncIterator[Settings]:
    """The settings of a migrated database that the test may change."""
    name = await make_template(servers)
    yield make_settings(servers, name, tmp_path)
    await administer(servers, f"DROP DATABASE {name} WITH (FORCE)")


def engine(url: str) -> AsyncEngine:
    return create_async_engine(sqlalchemy_url(url), poolclass=pool.NullPool)


async def read(settings: Settings, question: object) -> object:
    async with engine(settings.owner_database_url).connect() as connection:
        return await connection.run_sync(question)  # type: ignore[arg-type]


def tables(connection: Connection) -> set[str]:
    return set(inspected(connection).get_table_names())


def others(connection: Connection) -> list[str]:
    """Types, sequences and functions of ours."""
    schema = "'public'::regnamespace"
    found = connection.execute(
        text(
            f"SELECT typname FROM pg_type WHERE typnamespace = {schema} AND typname !~ 'alembic_version'"
            f" UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = {schema}"
            f" UNION ALL SELECT relname FROM pg_class WHERE relnamespace = {schema} AND relkind = 'S'"
        )
    )
    return [*found.scalars()]


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, TABLES))


async def test_down_and_up_again(migrated: Settings) -> None:
    """Migrating to nothing, revision by revision, leaves nothing, and all can be made again from there."""
    assert await read(migrated, tables) == {*TABLES.tables, "alembic_version"}
    for script in reversed(SCRIPTS):
        await migrations.migrate(migrated, str(script.down_revision or "base"))
    assert await read(migrated, tables) == {"alembic_version"}
    assert await read(migrated, others) == []
    await migrations.migrate(migrated)
    assert await read(migrated, tables) == {*TABLES.tables, "alembic_version"}


async def test_they_make_what_the_models_say(migrated: Settings) -> None:
    """Alembic finds no difference between the migrated database and the models, types and defaults included."""
    assert await read(migrated, differences) == []


def test_they_follow_each_other() -> None:
    """The migrations are numbered without a gap, each after the one before, and each file bears its number."""
    numbers = [f"{number:04}" for number in range(1, len(SCRIPTS) + 1)]
    assert [script.revision for script in SCRIPTS] == numbers
    assert [script.down_revision for script in SCRIPTS] == [None, *numbers[:-1]]
    assert [Path(script.path).name[:5] for script in SCRIPTS] == [f"{number}_" for number in numbers]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.revision)
def test_each_can_be_undone(script: object) -> None:
    """A migration has a downgrade that does something."""
    body = inspect.getsource(script.module.downgrade).partition(":")[2]  # type: ignore[attr-defined]
    assert "op." in body


async def test_two_at_once(servers: Servers, tmp_path: Path) -> None:
    """Two releases that migrate at the same moment do so one after the other, and both succeed."""
    name = await make_template(servers)
    settings = make_settings(servers, name, tmp_path)
    try:
        await migrations.migrate(settings, "base")
        await asyncio.wait_for(asyncio.gather(migrations.migrate(settings), migrations.migrate(settings)), 30)
        assert await read(settings, tables) == {*TABLES.tables, "alembic_version"}
    finally:
        await administer(servers, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alembic_version SET version_num = '0001'",
        "DELETE FROM alembic_version",
        "TRUNCATE alembic_version",
        "INSERT INTO alembic_version VALUES ('0001')",
        "DROP TABLE alembic_version",
        "UPDATE record_entries SET path = ''",
        "DELETE FROM record_entries",
        "TRUNCATE record_entries",
        "UPDATE audit_events SET action = ''",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
        "ALTER TABLE audit_events DISABLE TRIGGER ALL",
        "UPDATE audit_seals SET number = number + 1",
        "DELETE FROM audit_seals",
        "TRUNCATE audit_seals",
        "UPDATE audit_unsealed SET digest = ''",
        "TRUNCATE audit_unsealed",
        "CREATE TABLE own (id int)",
    ],
)
async def test_what_the_server_may_not(servers: Servers, template: str, tmp_path: Path, statement: str) -> None:
    """The server's role can neither say that the database is at another revision, nor rewrite the record or the audit (I2)."""
    async with engine(make_settings(servers, template, tmp_path).database_url).connect() as connection:
        with pytest.raises(exc.ProgrammingError) as refused:
            await connection.execute(text(statement))
    assert sqlstate(refused.value) == PRIVILEGE
