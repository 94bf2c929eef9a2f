"""Migration 0024: pages that were published before it have a place in the order of first publication, and say so."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest_asyncio
from alembic.script import ScriptDirectory
from sqlalchemy import pool, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gazette.delivery.v1.page_pb2 import PageSummary
from server.settings import Settings
from server.stores import migrations
from server.stores.postgres import sqlalchemy_url
from tests.servers import Servers
from tests.service import administer, make_settings, make_template

PUBLISHED = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
FIRST = PUBLISHED - timedelta(days=90)
ORGANISATION = "INSERT INTO organisations (id, slug, name) VALUES (:id, 'harbours', 'Harbours')"
CONTENT_TYPE = """INSERT INTO content_types (name, title, details_schema, body_member, html_members, version)
    VALUES ('guide', 'Guide', '{}', '', '{}', 1)"""
DOCUMENT = """INSERT INTO documents (id, organisation_id, content_type, locale, translation_key, path, version, revision_number,
    draft_state, live_state, covers_prefix, preserves_suffix, first_publish_time, publish_time)
    VALUES (:id, :id, 'guide', 'en', :id, '/a', 1, 1, 0, 1, false, false, :first, :published)"""
PAGE = """INSERT INTO pages (path, locale, record_number, document_id, translation_key, organisation_id, content_type, title,
    publish_time, answer, summary, covers_prefix, preserves_suffix)
    VALUES (:path, 'en', :number, :of, :of, :of, 'guide', '', :published, '', :summary, false, false)"""


@pytest_asyncio.fixture
async def before(servers: Servers, tmp_path: Path) -> AsyncIterator[Settings]:
    """The settings of a database of the release before."""
    name = await make_template(servers)
    settings = make_settings(servers, name, tmp_path)
    script = ScriptDirectory.from_config(migrations.configuration()).get_revision("0024")
    await migrations.migrate(settings, str(script.down_revision))
    yield settings
    await administer(servers, f"DROP DATABASE {name} WITH (FORCE)")


def engine(settings: Settings) -> AsyncEngine:
    return create_async_engine(sqlalchemy_url(settings.owner_database_url), poolclass=pool.NullPool)


async def test_first_publications_are_known(before: Settings) -> None:
    """A page has its document's first publication, or else its own, and its summary tells it, beside what it said; what no list
    shows has none. A process of the release before can go on publishing."""
    known, unknown = uuid.UUID(int=1), uuid.UUID(int=2)
    summary = PageSummary(path="/a", title="Alpha")
    given = [("/a", 1, known, summary), ("/b", 2, unknown, summary), ("/c", 3, known, None)]
    async with engine(before).begin() as connection:
        for statement in (ORGANISATION, CONTENT_TYPE, DOCUMENT):
            await connection.execute(text(statement), {"id": known, "first": FIRST, "published": PUBLISHED})
        await connection.execute(text(PAGE), [page(*each) for each in given])
    await migrations.migrate(before)
    async with engine(before).begin() as connection:
        await connection.execute(text(PAGE), page("/d", 4, unknown, None))
        rows = (await connection.execute(text("SELECT first_publish_time, summary FROM pages ORDER BY path"))).all()
    assert [row.first_publish_time for row in rows[:3]] == [FIRST, PUBLISHED, FIRST]
    assert rows[3].first_publish_time > PUBLISHED
    for row in rows[:2]:
        told = PageSummary.FromString(row.summary)
        assert told.first_publish_time.ToDatetime(UTC) == row.first_publish_time
        told.ClearField("first_publish_time")
        assert told == summary
    assert [row.summary for row in rows[2:]] == [None, None]
    assert await listed(before) == ["/b", "/a"]


def page(path: str, number: int, document_id: uuid.UUID, summary: PageSummary | None) -> dict[str, object]:
    serialised = summary.SerializeToString() if summary else None
    return {"path": path, "number": number, "of": document_id, "published": PUBLISHED, "summary": serialised}


async def listed(settings: Settings) -> list[str]:
    """The paths in the order of lists."""
    statement = text("SELECT path FROM pages WHERE summary IS NOT NULL ORDER BY first_publish_time DESC, document_id DESC")
    async with engine(settings).connect() as connection:
        return [*(await connection.execute(statement)).scalars()]
