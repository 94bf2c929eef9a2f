"""The migrations: what they make is what the code expects, and each can be undone."""

from __future__ import annotations

import asyncio
import inspect
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import pytest_asyncio
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import exc, pool, text
from sqlalchemy import inspect as inspected
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gazette.delivery.v1.page_pb2 import PageSummary
from server.app import TABLES
from server.settings import Settings
from server.stores import migrations
from server.stores.postgres import PRIVILEGE, sqlalchemy_url, sqlstate
from tests.command_line import run
from tests.servers import Servers
from tests.service import Service, administer, make_settings, make_template

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


def addresses(connection: Connection) -> list[str]:
    return [*connection.execute(text("SELECT email FROM accounts ORDER BY id")).scalars()]


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


async def test_one_mailbox_is_one_account(migrated: Settings) -> None:
    """Domains that were stored in letters are in ASCII afterwards; what is no domain stays, and so does the account whose
    mailbox another one has (A9)."""
    emails = ["a@straße-amt.example", "B@bücher.example", "b@xn--bcher-kva.example", "c@exa_mple.gov", "d@example.gov"]
    (before,) = (script.down_revision for script in SCRIPTS if script.revision == "0018")
    await migrations.migrate(migrated, str(before))
    ids = [uuid.UUID(int=number + 1) for number in range(len(emails))]
    async with engine(migrated.owner_database_url).begin() as connection:
        added = text("INSERT INTO accounts (id, email, name, state) VALUES (:id, :email, 'Ada', 1)")
        await connection.execute(added, [{"id": id, "email": email} for id, email in zip(ids, emails, strict=True)])
    await migrations.migrate(migrated)
    stored = ["a@xn--strae-amt-j1a.example", *emails[1:]]
    assert await read(migrated, addresses) == stored
    await migrations.migrate(migrated, str(before))
    assert await read(migrated, addresses) == emails


async def test_what_stands_is_the_first_version(migrated: Settings) -> None:
    """A content type that was there before versions were kept has the version that it stands at, with all its
    settings (C39)."""
    (before,) = (script.down_revision for script in SCRIPTS if "content_type_versions" in script.path)
    await migrations.migrate(migrated, str(before))
    made = "INSERT INTO content_types (name, title, details_schema, body_member, html_members, version) VALUES "
    async with engine(migrated.owner_database_url).begin() as connection:
        await connection.execute(text(made + "('rate', 'Rate', '{\"type\": \"object\"}', '', '{}', 7)"))
    await migrations.migrate(migrated)
    async with engine(migrated.owner_database_url).begin() as connection:
        kept = await connection.execute(
            text("SELECT name, version, author_id, settings ->> 'title' FROM content_type_versions")
        )
        assert [tuple(row) for row in kept] == [("rate", 7, None, "Rate")]
        await connection.execute(text("DELETE FROM content_type_versions"))
        await connection.execute(text("DELETE FROM content_types"))


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
        "UPDATE schema_support SET oldest_revision = '0001'",
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
        "UPDATE content_type_versions SET version = version + 1",
        "DELETE FROM content_type_versions",
        "TRUNCATE content_type_versions",
        "UPDATE audit_unsealed SET digest = ''",
        "TRUNCATE audit_unsealed",
        "CREATE TABLE own (id int)",
    ],
)
async def test_what_the_server_may_not(servers: Servers, template: str, tmp_path: Path, statement: str) -> None:
    """The server's role can neither say that the database is at another revision, nor rewrite the record, the audit or the
    versions of content types (I2)."""
    async with engine(make_settings(servers, template, tmp_path).database_url).connect() as connection:
        with pytest.raises(exc.ProgrammingError) as refused:
            await connection.execute(text(statement))
    assert sqlstate(refused.value) == PRIVILEGE


DOCUMENT = """
INSERT INTO documents (id, organisation_id, content_type, locale, translation_key, path, version, revision_number, draft_state,
    live_state, covers_prefix, preserves_suffix)
VALUES (:id, '00000000-0000-0000-0000-0000000000aa', 'guide', :locale, :key, :path, 1, 1, 1, 0, false, false)
"""
REVISION = """
INSERT INTO revisions (document_id, number, path, title, summary, body, body_format, details, links, tags, attachments,
    author_id, html, renderer)
VALUES (:id, 1, :path, :title, :summary, :body, 1, CAST(:details AS jsonb), '{}', :tags, '{}',
    '00000000-0000-0000-0000-000000000001', '<p></p>', '\\x00')
"""
PAGE = """
INSERT INTO pages (path, locale, record_number, document_id, translation_key, organisation_id, content_type, title,
    publish_time, answer, summary, covers_prefix, preserves_suffix)
VALUES (:path, :locale, :number, :id, :key, '00000000-0000-0000-0000-0000000000aa', 'guide', 'A', now(), :answer, :summary,
    false, false)
"""


async def test_texts_are_brought_into_their_form(migrated: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """Names, addresses, titles and tags are in the form that they are taken in now, and languages canonical; what a page
    answers stays byte for byte; what would take another's place, and what nobody can mend, stays and is told of (C11)."""
    (before,) = (script.down_revision for script in SCRIPTS if script.revision == "0023")
    await migrations.migrate(migrated, str(before))
    ids, keys = ([uuid.UUID(int=number) for number in range(start, start + 6)] for start in (1, 100))
    summary = PageSummary(locale="en-gb", title="A").SerializeToString()
    async with engine(migrated.owner_database_url).begin() as connection:
        accounts = [(" ada@b.gov", "Ade\u0301le "), ("Ada@b.gov", "\u202eada"), ("d@b.gov", "Dee")]
        added = text("INSERT INTO accounts (id, email, name, state) VALUES (:id, :email, :name, 1)")
        await connection.execute(
            added, [{"id": id, "email": email, "name": name} for id, (email, name) in zip(ids, accounts, strict=False)]
        )
        organisation = "INSERT INTO organisations (id, slug, name) VALUES (:id, 'sea', :name)"
        await connection.execute(text(organisation), {"id": uuid.UUID(int=0xAA), "name": "Se\u0301a\u00a0"})
        kind = """INSERT INTO content_types (name, title, details_schema, body_member, html_members, version)
            VALUES ('guide', ' Guide', CAST(:schema AS jsonb), '', '{}', 1)"""
        await connection.execute(text(kind), {"schema": '{"properties": {"cafe\u0301": {}}}'})
        for number, (path, locale, title, tags) in enumerate(
            [
                ("/a", "en-gb", "Cafe\u0301", ["Tea", "tea", " e\u0301"]),
                ("/b", "en-gb", "B", []),
                ("/b", "en-GB", "B", []),
                ("/c", "iw", "a\u202eb", ["\u200b"]),
            ]
        ):
            said = {"id": ids[number], "key": keys[number], "path": path, "locale": locale}
            await connection.execute(text(DOCUMENT), said)
            more = {
                "title": title,
                "summary": "a\r\nb ",
                "body": "\ufeff# A\r\n",
                "details": '{"cafe\u0301": ["e\u0301"]}',
                "tags": tags,
            }
            await connection.execute(text(REVISION), {"id": ids[number], "path": path, **more})
            page = {**said, "number": number + 1, "answer": b"as it was", "summary": summary}
            await connection.execute(text(PAGE), page)
    with caplog.at_level("WARNING", "alembic.runtime.migration"):
        await migrations.migrate(migrated)
    told = caplog.text
    for part in (f"account {ids[0]} has the mailbox of account {ids[1]}", f"document {ids[1]} stays in en-gb", "page /b stays"):
        assert part in told
    assert "U+202E" in told
    async with engine(migrated.owner_database_url).connect() as connection:

        async def found(question: str) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in await connection.execute(text(question))]

        assert await found("SELECT email, name FROM accounts ORDER BY id") == [
            (" ada@b.gov", "Adéle"),
            ("Ada@b.gov", "\u202eada"),
            ("d@b.gov", "Dee"),
        ]
        assert await found("SELECT name FROM organisations") == [("Séa",)]
        assert await found("SELECT title, details_schema FROM content_types") == [("Guide", {"properties": {"café": {}}})]
        locales = [("/a", "en-GB"), ("/b", "en-gb"), ("/b", "en-GB"), ("/c", "he")]
        assert await found("SELECT path, locale FROM documents ORDER BY id") == locales
        assert await found("SELECT path, locale FROM pages ORDER BY record_number") == locales
        assert {answer for (answer,) in await found("SELECT answer FROM pages")} == {b"as it was"}
        summaries = [
            PageSummary.FromString(row[0]).locale for row in await found("SELECT summary FROM pages ORDER BY record_number")
        ]
        assert summaries == ["en-GB", "en-gb", "en-gb", "he"]
        written = await found("SELECT title, summary, body, tags, details, html, renderer FROM revisions ORDER BY document_id")
        assert written[0] == ("Café", "a\nb", "# A\r\n", ["Tea", "é"], {"café": ["é"]}, None, None)
        assert (written[3][0], written[3][3]) == ("a\u202eb", ["\u200b"])
    place = cast("Service", SimpleNamespace(settings=migrated))
    listed = await run(place, "texts", "unmended", "--json")
    assert {
        (each["what"], each["id"].partition(" ")[2] or each["id"], each["field"]) for each in json.loads(listed.stdout)
    } == {
        ("accounts", str(ids[0]), "email"),
        ("accounts", str(ids[1]), "name"),
        ("documents", "/b", "locale"),
        ("documents", "/c", "title"),
        ("documents", "/c", "tags[0]"),
        ("pages", "en-gb", "locale"),
    }
    plain = await run(place, "texts", "unmended")
    assert f"documents  {ids[3]} /c  title  U+202E RIGHT-TO-LEFT OVERRIDE (character 2)" in plain.stdout
    await migrations.migrate(migrated, str(before))
