"""Migration 0008: what was audited before there was a chain becomes its beginning."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest_asyncio
from sqlalchemy import pool, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gazette.audit.v1.audit_service_pb2 import VerifyAuditRequest, VerifyAuditResponse
from server.audit import queries as audit_queries
from server.audit import verification
from server.settings import Settings
from server.stores import migrations
from server.stores.postgres import AnyRow, sqlalchemy_url
from tests.servers import Servers
from tests.service import administer, make_settings, make_template

BEFORE = "0007"
OLD = "SELECT number, event_time, action, actor_id, target, organisation_id, address, request_id, details FROM audit_events"
COUNT = 2500  # several batches


@pytest_asyncio.fixture
async def owner(servers: Servers, tmp_path: Path) -> AsyncIterator[tuple[Settings, AsyncEngine]]:
    """A database at the revision before, as its owner."""
    name = await make_template(servers)
    settings = make_settings(servers, name, tmp_path)
    await migrations.migrate(settings, BEFORE)
    engine = create_async_engine(sqlalchemy_url(settings.owner_database_url), poolclass=pool.NullPool)
    yield settings, engine
    await engine.dispose()
    await administer(servers, f"DROP DATABASE {name} WITH (FORCE)")


async def fill(engine: AsyncEngine) -> None:
    """Events with gaps, as rolled back transactions leave them; with and without addresses, actors and fractions."""
    statement = text(
        f"""INSERT INTO audit_events (action, actor_id, target, organisation_id, address, request_id, details)
        SELECT
            CASE n % 3 WHEN 0 THEN 'file.upload' ELSE 'test.act' END,
            CASE n % 2 WHEN 0 THEN gen_random_uuid() END,
            n::text,
            CASE n % 5 WHEN 0 THEN gen_random_uuid() END,
            CASE n % 4 WHEN 0 THEN '' ELSE '192.0.2.1' END,
            'é',
            CASE n % 3 WHEN 0 THEN jsonb_build_object('name', 'Ädä.pdf', 'size', 7) ELSE '{{"b": [1, 0.5], "a": null}}' END
        FROM generate_series(1, {COUNT}) AS n"""
    )
    async with engine.begin() as connection:
        await connection.execute(statement)
        await connection.execute(text("DELETE FROM audit_events WHERE number IN (1, 2, 700, 2500)"))


async def rows(engine: AsyncEngine, question: Any) -> Sequence[AnyRow]:
    async with engine.connect() as connection:
        found: Sequence[AnyRow] = (await connection.execute(question)).all()
        return found


async def verified(engine: AsyncEngine) -> VerifyAuditResponse:
    async with engine.connect() as connection:
        return await verification.verify(connection, VerifyAuditRequest())


async def test_what_was_there_is_chained(owner: tuple[Settings, AsyncEngine]) -> None:
    """All events are kept, in their order, numbered anew without gaps, and verify; addresses and the names of files are beside
    them now."""
    settings, engine = owner
    await fill(engine)
    before = await rows(engine, text(f"{OLD} ORDER BY number"))
    await migrations.migrate(settings)
    after = await rows(engine, audit_queries.stored().order_by(text("number")))

    assert [row.number for row in after] == list(range(1, COUNT - 3))
    for old, new in zip(before, after, strict=True):
        kept = ("event_time", "action", "actor_id", "target", "organisation_id", "request_id")
        assert [getattr(new, name) for name in kept] == [getattr(old, name) for name in kept]
        data = new.data or {}
        assert data.get("address", "") == old.address
        assert {**new.details, **{name: value for name, value in data.items() if name == "name"}} == old.details
        assert "name" not in new.details
    answer = await verified(engine)
    assert (answer.is_intact, answer.last_number, answer.last_sha256) == (True, COUNT - 4, after[-1].hash.hex())


async def test_there_and_back(owner: tuple[Settings, AsyncEngine]) -> None:
    """The way back leaves everything as it was, but for the gaps, and the release before can add events again."""
    settings, engine = owner
    await fill(engine)
    before = await rows(engine, text(f"{OLD} ORDER BY number"))
    await migrations.migrate(settings, "0008")
    await migrations.migrate(settings, BEFORE)
    after = await rows(engine, text(f"{OLD} ORDER BY number"))
    assert [tuple(row)[1:] for row in after] == [tuple(row)[1:] for row in before]

    await fill_one(engine)
    assert (await rows(engine, text("SELECT max(number) FROM audit_events")))[0][0] == len(before) + 1
    await migrations.migrate(settings)
    assert (await verified(engine)).last_number == len(before) + 1


async def fill_one(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO audit_events (action, target, address, request_id, details) VALUES ('test.act', '', '', '', '{}')"
            )
        )


async def test_an_empty_audit_is_migrated(owner: tuple[Settings, AsyncEngine]) -> None:
    """A new installation has no events, there and back."""
    settings, engine = owner
    for revision in ("0008", BEFORE, "head"):
        await migrations.migrate(settings, revision)
    assert (await verified(engine)).is_intact
