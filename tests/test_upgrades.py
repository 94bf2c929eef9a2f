"""Releases are rolled out, and back, without a pause: what runs goes on beside a schema that serves it, and only there."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from server import app as server_app
from server.stores import migrations, schema
from server.stores.migrations import CannotMigrate
from server.stores.schema import DIRECTORY, WrongSchema
from tests.content.desk import Desk
from tests.expanding import problems
from tests.service import Service
from tests.test_migrations import SCRIPTS

THIS = SCRIPTS[-1].revision
NEXT, LAST = "0900", "0901"
EXPANDS = f'''
from alembic import op
import sqlalchemy as sa

revision, down_revision, branch_labels, depends_on = "{NEXT}", "{THIS}", None, None
SERVES = "{THIS}"

def upgrade():
    op.add_column("documents", sa.Column("mood", sa.Text(), server_default="calm", nullable=False))
    op.create_table("moods", sa.Column("name", sa.Text(), primary_key=True))

def downgrade():
    op.drop_table("moods")
    op.drop_column("documents", "mood")
'''
CONTRACTS = f'''
from alembic import op

revision, down_revision, branch_labels, depends_on = "{LAST}", "{NEXT}", None, None
SERVES = "{NEXT}"

def upgrade():
    op.drop_column("documents", "etag_of_old")

def downgrade():
    pass
'''


@pytest.fixture
def next_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a later release's migrations, which `migrate` takes: one more, which only adds."""
    folder = tmp_path / "migrations"
    shutil.copytree(DIRECTORY, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / f"{NEXT}_next.py").write_text(EXPANDS)
    monkeypatch.setattr(migrations, "DIRECTORY", folder)
    return folder


@asynccontextmanager
async def at_work(desk: Desk, name: str) -> AsyncIterator[list[int]]:
    """Somebody publishes and reads the whole time. Gives a list that grows with each success; a failure ends the test."""
    done: list[int] = []

    async def work() -> None:
        for number in itertools.count():
            path = f"{desk.root}/{name}-{number}"
            document = await desk.published(path)
            assert (await desk.page(path)).page.document_id == document.id
            done.append(number)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(work())
        await more(done)
        yield done
        await more(done)
        assert not task.done()
        task.cancel()


async def more(done: list[int]) -> None:
    """Waits for some more of the work."""
    before = len(done)
    async with asyncio.timeout(60):
        while len(done) < before + 3:
            await asyncio.sleep(0.02)


async def starts(service: Service) -> None:
    """Another process of the release that runs can start, as after a crash or when more are needed."""
    another = await server_app.build(service.settings)
    await another.start()
    await another.stop()


async def test_out_and_back(own_service: Service, next_release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A schema that serves the release of before is rolled out and back beside its processes: no call fails, and more of them
    can start. The next release's own processes start only where its schema is."""
    desk = await Desk.opened(own_service)
    both = (*schema.revisions(), NEXT)
    async with at_work(desk, "out-and-back") as done:
        await migrations.migrate(own_service.settings)
        async with own_service.database.read() as connection:
            assert await schema.revision(connection) == NEXT
        await more(done)
        await starts(own_service)
        with monkeypatch.context() as patch:
            patch.setattr(migrations, "DIRECTORY", DIRECTORY)
            await migrations.migrate(own_service.settings)  # as the image of before does when it comes back
        async with own_service.database.read() as connection:
            assert await schema.revision(connection) == NEXT
        with monkeypatch.context() as patch:
            patch.setattr(schema, "revisions", lambda: both)
            await starts(own_service)
        await migrations.migrate(own_service.settings, THIS)
        await more(done)
        await starts(own_service)
        with monkeypatch.context() as patch:
            patch.setattr(schema, "revisions", lambda: both)
            with pytest.raises(WrongSchema, match=f"at revision {THIS}, this release needs {NEXT}; run: gazette migrate"):
                await starts(own_service)


async def test_what_serves_no_longer(own_service: Service, next_release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a migration takes away what a release needs, that release starts no more, even if the migration failed half-way."""
    (next_release / "versions" / f"{LAST}_last.py").write_text(CONTRACTS)
    with pytest.raises(Exception, match="etag_of_old"):
        await migrations.migrate(own_service.settings)
    async with own_service.database.read() as connection:
        assert await schema.revision(connection) == NEXT
    with pytest.raises(WrongSchema, match=f"at revision {NEXT}, which only a newer release knows; run that one"):
        await starts(own_service)
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "DIRECTORY", DIRECTORY)
        with pytest.raises(WrongSchema, match="which only a newer release knows"):
            await migrations.migrate(own_service.settings)
    await migrations.migrate(own_service.settings, THIS)
    await starts(own_service)


async def test_a_migration_gives_way(own_service: Service, next_release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that somebody holds for long is not locked for all who come after: the migration gives way, and tries again, and
    at last says so."""
    monkeypatch.setattr(migrations, "LOCK_SECONDS", 0.2)
    monkeypatch.setattr(migrations, "LOCK_PAUSE", 0.1)
    desk = await Desk.opened(own_service)
    async with own_service.owner.connect() as holder:
        await holder.execute(text("LOCK TABLE documents IN ROW EXCLUSIVE MODE"))
        with monkeypatch.context() as patch:
            patch.setattr(migrations, "LOCK_ATTEMPTS", 2)
            with pytest.raises(CannotMigrate, match="run it again at a quieter time"):
                await migrations.migrate(own_service.settings)
        migration = asyncio.create_task(migrations.migrate(own_service.settings))
        async with at_work(desk, "gives-way") as done:
            for _ in range(3):
                await more(done)
            assert not migration.done()
        await holder.rollback()
    await migration
    async with own_service.database.read() as connection:
        assert await schema.revision(connection) == NEXT


def test_landed_migrations_are_not_changed() -> None:
    """What ran somewhere stays as it is: `sha256sum --check landed.sha256` in migrations/ holds, and knows all of them."""
    said = dict(line.split("  ")[::-1] for line in (DIRECTORY / "landed.sha256").read_text().splitlines())
    found = {f"versions/{Path(script.path).name}": Path(script.path).read_bytes() for script in SCRIPTS}
    assert said == {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}


@pytest.mark.parametrize("script", SCRIPTS[26:], ids=lambda script: script.revision)
def test_each_says_whom_it_serves(script: object) -> None:
    """A migration names the oldest release that may run beside it; if that is an earlier one, it only adds."""
    module = script.module  # type: ignore[attr-defined]
    assert "0027" <= module.SERVES <= module.revision
    if module.revision > module.SERVES:
        assert problems(Path(module.__file__).read_text()) == []


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ('op.drop_column("pages", "summary")', "drop_column"),
        ('op.drop_table("pages")', "drop_table"),
        ('op.rename_table("pages", "sheets")', "rename_table"),
        ('op.drop_constraint("a", "pages")', ""),
        ('op.alter_column("pages", "summary", new_column_name="abstract")', "alter_column(new_column_name)"),
        ('op.alter_column("pages", "summary", nullable=False)', "alter_column(nullable)"),
        ('op.alter_column("pages", "summary", nullable=True)', ""),
        ('op.alter_column("pages", "summary", type_=sa.Text())', "alter_column(type_)"),
        ('op.add_column("pages", sa.Column("mood", sa.Text(), nullable=False))', "add_column without a default"),
        ('op.add_column("pages", sa.Column("mood", sa.Text(), nullable=False, server_default="calm"))', ""),
        ('op.add_column("pages", sa.Column("mood", sa.Text()))', ""),
        ('op.create_unique_constraint("a", "pages", ["mood"])', "create_unique_constraint"),
        ('op.create_check_constraint("a", "pages", "mood > 1")', "create_check_constraint"),
        ('op.create_index("a", "pages", ["mood"], unique=True)', "create_index(unique)"),
        ('op.execute("ALTER TABLE pages DROP COLUMN mood")', "DROP"),
        ('op.execute("UPDATE pages SET mood = 1")', ""),
    ],
)
def test_what_only_adds(statement: str, problem: str) -> None:
    """What a process of before would stumble over is found."""
    source = f"def upgrade():\n    {statement}\n\ndef downgrade():\n    op.drop_table('a')\n"
    assert problems(source) == ([problem] if problem else [])
