"""What is stored, as the migration finds it: only what a page has now stays public."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
from alembic.script import ScriptDirectory
from sqlalchemy import pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from gazette.content.v1.document_pb2 import LiveState
from server.settings import Settings
from server.stores import migrations
from server.stores.postgres import sqlalchemy_url
from tests.servers import Servers
from tests.service import administer, make_settings, make_template

NAMES = ("published", "withdrawn", "gone", "redirected", "draft", "left", "unused", "another's")


@pytest_asyncio.fixture
async def migrated(servers: Servers, tmp_path: Path) -> AsyncIterator[Settings]:
    name = await make_template(servers)
    yield make_settings(servers, name, tmp_path)
    await administer(servers, f"DROP DATABASE {name} WITH (FORCE)")


async def test_files_of_pages(migrated: Settings) -> None:
    """Those of what is published or withdrawn, by the revision that is live (I4)."""
    script = ScriptDirectory.from_config(migrations.configuration()).get_revision("0025")
    assert script is not None
    await migrations.migrate(migrated, str(script.down_revision))
    engine = create_async_engine(sqlalchemy_url(migrated.owner_database_url), poolclass=pool.NullPool)
    mine, theirs, account = (uuid.uuid4() for _ in range(3))
    ids = {name: uuid.uuid4() for name in NAMES}
    documents: dict[str, uuid.UUID] = {}

    async with engine.begin() as connection:

        async def add(table: str, **row: Any) -> None:
            places = ", ".join(f":{name}" for name in row)
            await connection.execute(text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})"), row)

        async def document(name: str, state: int, *revisions: list[str], live: int | None = None) -> None:
            id = documents[name] = uuid.uuid4()
            common = {"organisation_id": mine, "content_type": "guide", "locale": "en", "translation_key": uuid.uuid4()}
            stands = {"version": 1, "revision_number": len(revisions), "draft_state": 0, "live_state": state}
            flags = {"covers_prefix": False, "preserves_suffix": False, "live_revision_number": live}
            await add("documents", id=id, path=f"/{name}", **common, **stands, **flags)
            for number, attached in enumerate(revisions, 1):
                words = {"path": f"/{name}", "title": name, "summary": "", "body": "", "body_format": 1}
                more = {"details": "{}", "links": "{}", "tags": [], "attachments": [ids[each] for each in attached]}
                await add("revisions", document_id=id, number=number, author_id=account, **words, **more)

        for id, slug in ((mine, "mine"), (theirs, "theirs")):
            await add("organisations", id=id, slug=slug, name=slug)
        await add("accounts", id=account, email="a@example.gov", name="A", password_hash="", state=2)
        guide = {"details_schema": "{}", "body_member": "", "html_members": [], "version": 1}
        await add("content_types", name="guide", title="Guide", **guide)
        for name, id in ids.items():
            known = {"content_type": "image/png", "size_bytes": 1, "sha256": "", "state": 2, "alternative_text": ""}
            whose = theirs if name == "another's" else mine
            await add("files", id=id, organisation_id=whose, name=name, blob_key=name, author_id=account, **known)
        await document("a", LiveState.LIVE_STATE_PUBLISHED, ["left"], ["published", "another's"], ["draft"], live=2)
        await document("b", LiveState.LIVE_STATE_WITHDRAWN, ["withdrawn", "published"], live=1)
        await document("c", LiveState.LIVE_STATE_GONE, ["gone"], live=1)
        await document("d", LiveState.LIVE_STATE_REDIRECTED, ["redirected"], live=1)
        await document("e", LiveState.LIVE_STATE_UNSPECIFIED, ["draft"])

    await migrations.migrate(migrated)

    async with engine.connect() as connection:
        found = (await connection.execute(text("SELECT file_id, document_id FROM page_files"))).all()
    await engine.dispose()
    expected = {("published", "a"), ("published", "b"), ("withdrawn", "b")}
    assert {(row.file_id, row.document_id) for row in found} == {(ids[file], documents[name]) for file, name in expected}
