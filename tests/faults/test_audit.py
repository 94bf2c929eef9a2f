"""The audit while writers write and parts die: nothing is lost, nothing is numbered twice, and tampering shows."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import Executable, delete, func, insert, pool, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gazette.audit.v1.audit_service_pb2 import AuditProblem, AuditProblemKind, VerifyAuditRequest, VerifyAuditResponse
from gazette_client import AsyncClient
from server.audit.models import AuditEvent, AuditPersonal
from server.audit.sealing import LOCK
from server.stores.postgres import sqlalchemy_url
from tests.faults.installation import PASSWORD, Installation
from tests.faults.load import Load
from tests.faults.test_database import killed
from tests.faults.test_workers import replaced
from tests.polling import until

pytestmark = pytest.mark.xdist_group("faults")

ADMIN = "admin@example.gov"
WRITERS = 16
MADE = "SELECT id::text FROM documents WHERE path ~ '^/news/[0-9a-f]{32}$'"
TOLD = f"""
    SELECT target, count(*) AS events, count(number) AS seals FROM audit_events LEFT JOIN audit_seals ON event_id = id
    WHERE action = 'document.create' AND target IN ({MADE}) GROUP BY target
"""


@asynccontextmanager
async def owner_of(installation: Installation) -> AsyncIterator[AsyncEngine]:
    """The database as the role that owns the tables."""
    engine = create_async_engine(sqlalchemy_url(installation.stack.migration_database_url), poolclass=pool.NullPool)
    yield engine
    await engine.dispose()


async def sealed(owner: AsyncEngine) -> None:
    """Waits until no event is without its seal."""

    async def is_sealed() -> bool:
        async with owner.connect() as connection:
            return not (await connection.execute(text("SELECT count(*) FROM audit_unsealed"))).scalar_one()

    await until(is_sealed)


async def verified(installation: Installation) -> VerifyAuditResponse:
    """The whole audit, in as many calls as it takes."""
    async with AsyncClient(installation.grpc, email=ADMIN, password=PASSWORD) as admin:
        request = VerifyAuditRequest()
        while (answer := await admin.audit.VerifyAudit(request)).next_number:
            request.first_number = answer.next_number
        return answer


async def problem(installation: Installation) -> AuditProblem:
    answer = await verified(installation)
    assert not answer.is_intact
    return answer.problem


async def more(load: Load, changes: int, seconds: float) -> None:
    """Waits until so many more changes were acknowledged, and for so long."""
    count, end = len(load.made) + changes, time.monotonic() + seconds

    async def is_done() -> bool:
        return len(load.made) >= count and time.monotonic() >= end

    await until(is_done, seconds + 60)


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [pytest.param(100, 0.0, id="short"), pytest.param(100, 20.0, id="a minute", marks=pytest.mark.soak)],
)
async def test_every_change_has_one_sealed_event(installation: Installation, changes: int, seconds: float) -> None:
    """Sixteen writers over two workers, of which one is killed, and then PostgreSQL: each change that was acknowledged has one
    event, and so has each that was made though nobody learnt of it; all are sealed, and the audit is intact."""
    async with Load.on(installation) as load, load.running(*[load.grpc_create] * WRITERS):
        await more(load, changes, seconds)
        victim = installation.workers()[1]
        victim.kill()
        await more(load, changes, seconds)
        await replaced(installation, 1, victim)
        async with killed(installation):
            pass
        await more(load, changes, seconds)
    assert len(load.made) == len(set(load.made)) >= 3 * changes
    async with owner_of(installation) as owner:
        await sealed(owner)
        async with owner.connect() as connection:
            made = set((await connection.execute(text(MADE))).scalars())
            told = {row.target: (row.events, row.seals) for row in await connection.execute(text(TOLD))}
            unnumbered = "SELECT count(*) - max(number) + min(number) - 1 FROM audit_seals"
            assert (await connection.execute(text(unnumbered))).scalar_one() == 0
    assert set(load.made) <= made
    assert told == dict.fromkeys(made, (1, 1))
    answer = await verified(installation)
    assert answer.is_intact
    assert answer.last_number >= len(made)


async def test_tampering_is_found(installation: Installation) -> None:
    """What somebody with the database's owner's rights edits or deletes, sealed or not yet, a running service names; and no
    longer when it is as it was."""
    async with Load.on(installation) as load, owner_of(installation) as owner:
        await load.grpc_create()
        await sealed(owner)
        assert await tampered(installation, owner, load.made[-1]) == [("ALTERED", True), ("MISSING", True)]
        async with owner.begin() as sealing:  # from here on the service does not get round to it
            await sealing.execute(select(func.pg_advisory_xact_lock(LOCK)))
            await load.grpc_create()
            assert await tampered(installation, owner, load.made[-1]) == [("ALTERED", False), ("MISSING", False)]
        await sealed(owner)
    assert (await verified(installation)).is_intact


async def tampered(installation: Installation, owner: AsyncEngine, target: str) -> list[tuple[str, bool]]:
    """Edits the document's event, and deletes it: what is found each time, and whether it has a number. Then it is put back."""
    of_event = AuditEvent.target == target
    async with owner.connect() as connection:
        event = (await connection.execute(select(AuditEvent.__table__).where(of_event))).one()
        personal = (await connection.execute(select(AuditPersonal.__table__).where(AuditPersonal.event_id == event.id))).one()
    changes: list[list[Executable]] = [
        [update(AuditEvent).where(of_event).values(action="document.delete")],
        [delete(AuditPersonal).where(AuditPersonal.event_id == event.id), delete(AuditEvent).where(of_event)],
        [insert(AuditEvent).values(event._asdict()), insert(AuditPersonal).values(personal._asdict())],
    ]
    found = []
    for statements in changes:
        async with owner.begin() as connection:
            for statement in statements:
                await connection.execute(statement)
        if statements is not changes[-1]:
            named = await problem(installation)
            assert named.event_id == str(event.id)
            found.append((AuditProblemKind.Name(named.kind).removeprefix("AUDIT_PROBLEM_KIND_"), named.number > 0))
    return found
