"""Which versions revisions were saved as, of what was there before that was kept."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
from alembic.script import ScriptDirectory
from sqlalchemy import pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from server.settings import Settings
from server.stores import migrations
from server.stores.postgres import sqlalchemy_url
from tests.servers import Servers
from tests.service import administer, make_settings, make_template


@pytest_asyncio.fixture
async def migrated(servers: Servers, tmp_path: Path) -> AsyncIterator[Settings]:
    name = await make_template(servers)
    yield make_settings(servers, name, tmp_path)
    await administer(servers, f"DROP DATABASE {name} WITH (FORCE)")


async def test_the_newest_are_what_etags_stand_for(migrated: Settings) -> None:
    """The newest revision of each document is what its etag stands for; of older ones nothing is guessed."""
    scripts = ScriptDirectory.from_config(migrations.configuration())
    (script,) = [each for each in scripts.walk_revisions() if each.path.endswith("_versions.py") and "type" not in each.path]
    await migrations.migrate(migrated, str(script.down_revision))
    engine = create_async_engine(sqlalchemy_url(migrated.owner_database_url), poolclass=pool.NullPool)
    organisation, account, id = (uuid.uuid4() for _ in range(3))

    async with engine.begin() as connection:

        async def add(table: str, **row: Any) -> None:
            places = ", ".join(f":{name}" for name in row)
            await connection.execute(text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})"), row)

        await add("organisations", id=organisation, slug="a", name="A")
        await add("accounts", id=account, email="a@example.gov", name="A", password_hash="", state=2)
        guide = {"details_schema": "{}", "body_member": "", "html_members": [], "version": 1}
        await add("content_types", name="guide", title="Guide", **guide)
        common = {"organisation_id": organisation, "content_type": "guide", "locale": "en", "translation_key": uuid.uuid4()}
        stands = {"version": 7, "revision_number": 3, "draft_state": 1, "live_state": 0}
        await add("documents", id=id, path="/a", **common, **stands, covers_prefix=False, preserves_suffix=False)
        words = {"path": "/a", "title": "A", "summary": "", "body": "", "body_format": 1}
        more = {"details": "{}", "links": "{}", "tags": [], "attachments": []}
        for number in (1, 2, 3):
            await add("revisions", document_id=id, number=number, author_id=account, **words, **more)

    await migrations.migrate(migrated)
    async with engine.connect() as connection:
        found = (await connection.execute(text("SELECT number, version FROM revisions ORDER BY number"))).all()
    await engine.dispose()
    assert [tuple(row) for row in found] == [(1, None), (2, None), (3, 7)]
