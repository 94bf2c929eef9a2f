"""Migration 0008: what was audited before there was a chain becomes its beginning. 0014: what was chained keeps its place."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import pool, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gazette.audit.v1.audit_service_pb2 import AuditProblemKind, VerifyAuditRequest, VerifyAuditResponse
from server import audit
from server.audit import models, verification
from server.audit import queries as audit_queries
from server.audit.sealing import Sealer
from server.settings import Settings
from server.stores import migrations
from server.stores.postgres import AnyRow, connect, sqlalchemy_url
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


async def verified(engine: AsyncEngine, **fields: Any) -> VerifyAuditResponse:
    async with engine.connect() as connection:
        return await verification.verify(connection, VerifyAuditRequest(**fields))


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


@pytest.mark.soak
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


CHAINED = """
    SELECT number, event_time, action, actor_id, target, organisation_id, request_id, details, personal_hash, hash, data
    FROM audit_events LEFT JOIN audit_personal USING (number) ORDER BY number"""
EVENTS = audit_queries.stored().order_by(models.AuditEvent.id)


def known(row: AnyRow) -> dict[str, Any]:
    """All that an event says, but for how it is called."""
    return {name: value for name, value in row._asdict().items() if name not in {"id", "salt"}}


async def test_what_was_chained_is_sealed(owner: tuple[Settings, AsyncEngine]) -> None:
    """All events keep their numbers and hashes, so what was noted holds, and get ids in the order of their times."""
    settings, engine = owner
    await fill(engine)
    await migrations.migrate(settings, "0013")
    before = await rows(engine, text(CHAINED))
    await migrations.migrate(settings, "0014")
    after = await rows(engine, EVENTS)
    assert [known(row) for row in after] == [row._asdict() for row in before]
    assert {(row.id.version, row.id.variant) for row in after} == {(7, uuid.RFC_4122)}
    assert [row.id.int >> 80 for row in after] == [int(row.event_time.timestamp() * 1000) for row in after]
    answer = await verified(engine, known_number=1000, known_sha256=before[999].hash.hex())
    assert (answer.is_intact, answer.last_number, answer.last_sha256) == (True, COUNT - 4, before[-1].hash.hex())


@pytest.mark.soak
async def test_back_and_there_again(owner: tuple[Settings, AsyncEngine]) -> None:
    """On the way back what waits is sealed, with what was sealed left as it is. What was tampered with stays so, in the release
    before and when this one is back, and nothing is lost."""
    settings, engine = owner
    await fill(engine)
    await migrations.migrate(settings)
    database = connect(settings)
    async with database.transaction() as connection:
        await audit.add(connection, "test.act", "sealed", personal={"name": "Ada"})
    await Sealer(database).seal_all()
    async with database.transaction() as connection:
        for target in ("waits", "edited", "deleted", "unlisted", "last"):
            await audit.add(connection, "test.act", target, actor_id=uuid.uuid4(), b=True)
    before = await rows(engine, EVENTS)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE audit_events SET action = 'other' WHERE target = 'edited'"))
        await connection.execute(text("DELETE FROM audit_events WHERE target = 'deleted'"))
        of_one = "event_id IN (SELECT id FROM audit_events WHERE target = 'unlisted')"
        await connection.execute(text(f"DELETE FROM audit_unsealed WHERE {of_one}"))
    await database.close()

    await migrations.migrate(settings, "0013")
    old = await rows(engine, text(CHAINED))
    assert [row.number - COUNT + 4 for row in old[-6:]] == [0, 1, 2, 3, 5, 6]
    assert [row.target for row in old[-5:]] == ["sealed", "waits", "edited", "last", "unlisted"]
    assert [row._asdict() for row in old[:-4]] == [known(row) for row in before[:-5]]
    await migrations.migrate(settings)
    again = await rows(engine, audit_queries.stored().order_by(models.AuditSeal.number))
    assert [known(row) for row in again] == [row._asdict() for row in old]
    assert (await rows(engine, text("SELECT count(*) FROM audit_unsealed")))[0][0] == 0

    first = COUNT - 4 + 3  # the one that was edited
    found = {}
    for number in range(first, first + 4):
        answer = await verified(engine, first_number=number)
        found[number - first] = (answer.problem.number - first, AuditProblemKind.Name(answer.problem.kind))
    assert (await verified(engine)).last_number == first - 1
    altered, missing = "AUDIT_PROBLEM_KIND_ALTERED", "AUDIT_PROBLEM_KIND_MISSING"
    assert found == {0: (0, altered), 1: (1, missing), 2: (1, missing), 3: (3, altered)}
