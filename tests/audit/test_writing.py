"""How events come into the audit: with their acts, in one statement, and without waiting for anybody."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextlib import nullcontext as does_not_raise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Uuid, bindparam, select, text, update
from sqlalchemy import event as hooks
from sqlalchemy.exc import DBAPIError

from gazette.auth.v1.organisation_pb2 import Organisation
from gazette.auth.v1.organisation_service_pb2 import CreateOrganisationRequest
from gazette.auth.v1.organisation_service_pb2_grpc import OrganisationServiceStub
from server import audit
from server.audit import writing
from server.auth import models as auth_models
from server.organisations import models
from tests.audit.auditing import Auditor
from tests.servers import Servers
from tests.service import Service, running


async def test_every_event_is_chained(auditor: Auditor) -> None:
    """What calls and commands do is numbered from 1 without gaps, one after the other, and the chain is intact."""
    await auditor.add(3)
    for _ in range(2):
        await auditor.service.sign_in(auditor.admin.email)
    rows = await auditor.stored()
    assert [row.number for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [row.event_time for row in rows] == sorted({row.event_time for row in rows})
    answer = await auditor.verify()
    assert (answer.is_intact, answer.last_number, answer.last_sha256) == (True, 6, rows[-1].hash.hex())
    assert answer.next_number == 0


async def test_an_event_knows_its_call(auditor: Auditor) -> None:
    """Actor, request and address are the call's own; the address is not hashed as it is, but beside the event."""
    request = CreateOrganisationRequest(organisation=Organisation(slug="harbours", name="Harbours"))
    metadata = (*auditor.admin.metadata, ("x-request-id", "the-request"))
    made = await OrganisationServiceStub(auditor.service.channel).CreateOrganisation(request, metadata=metadata)
    (event,) = [row for row in await auditor.stored() if row.action == "organisation.create"]
    assert (str(event.actor_id), event.request_id, event.target) == (auditor.admin.id, "the-request", made.organisation.id)
    assert event.data == {"address": "127.0.0.1"}
    assert "address" not in event.details


async def test_before_and_after_stand_in_the_details(auditor: Auditor) -> None:
    """A change is told by how things were and are; what is personal about it stands apart."""
    account_id = uuid.uuid4()
    await auditor.add(1, before={"role": "ROLE_EDITOR"}, after={}, personal={"email": "ada@example.gov"}, account_id=account_id)
    event = (await auditor.stored())[-1]
    assert event.details == {"account_id": str(account_id), "before": {"role": "ROLE_EDITOR"}, "after": {}}
    assert event.data == {"email": "ada@example.gov"}


async def test_what_says_nothing_of_anybody_has_no_personal_data(auditor: Auditor) -> None:
    """An event outside of a call and without personal data leaves no row beside it, and verifies."""
    await auditor.add()
    event = (await auditor.stored())[-1]
    assert (event.personal_hash, event.data, event.actor_id, event.request_id) == (None, None, None, "")
    assert (await auditor.verify()).is_intact


async def test_events_of_one_transaction_stay_together(auditor: Auditor) -> None:
    """Several events of a transaction follow each other in the order in which they were added."""
    async with auditor.service.database.transaction() as connection:
        for target in "abc":
            await audit.add(connection, "test.act", target, personal={"name": target} if target != "b" else None)
    rows = (await auditor.stored())[-3:]
    assert [(row.number, row.target, row.data) for row in rows] == [
        (2, "a", {"name": "a"}),
        (3, "b", None),
        (4, "c", {"name": "c"}),
    ]
    assert (await auditor.verify()).is_intact


async def test_what_was_rolled_back_leaves_nothing(auditor: Auditor) -> None:
    """A transaction that fails has no event, leaves no gap, and hands none on to the next that uses its connection."""

    async def fail() -> None:
        async with auditor.service.database.transaction() as connection:
            await audit.add(connection, "test.act", "never")
            raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await fail()
    await auditor.add()
    assert [(row.number, row.target) for row in await auditor.stored()] == [(1, auditor.admin.id), (2, "0")]


async def test_what_cannot_be_written_undoes_the_act(auditor: Auditor) -> None:
    """An event that the database refuses rolls back all of the transaction: there is no act without its event."""

    async def act() -> None:
        async with auditor.service.database.transaction() as connection:
            await connection.execute(update(auth_models.Account).values(name="renamed"))
            await audit.add(connection, "test.act", "never\0")  # no text of PostgreSQL's

    with pytest.raises(DBAPIError):
        await act()
    async with auditor.service.database.read() as connection:
        assert "renamed" not in (await connection.execute(select(auth_models.Account.name))).scalars().all()
    assert len(await auditor.stored()) == 1


async def test_a_fraction_is_refused_at_once(auditor: Auditor) -> None:
    """What cannot be chained fails where it is added, not at the commit."""
    async with auditor.service.database.transaction() as connection:
        with pytest.raises(TypeError, match="fractions"):
            await audit.add(connection, "test.act", "", ratio=0.5)


async def test_a_connection_without_a_transaction_takes_no_event(auditor: Auditor) -> None:
    """An event that would be stored without its act cannot be added."""
    async with auditor.service.database.read() as connection:
        with pytest.raises(writing.NoTransaction):
            await audit.add(connection, "test.act", "never")
    assert len(await auditor.stored()) == 1


async def test_an_event_is_one_statement(auditor: Auditor) -> None:
    """The event, what is personal about it and its place on the list are written at once, without a lock."""
    async with statements(auditor.service) as sent, auditor.service.database.transaction() as connection:
        await audit.add(connection, "test.act", "", personal={"name": "Ada"})
        own = connection.sync_connection
    (statement,) = [statement for asked, statement in sent if asked is own]
    assert "advisory" not in statement
    assert "FOR UPDATE" not in statement


@asynccontextmanager
async def statements(service: Service) -> AsyncIterator[list[tuple[object, str]]]:
    """What is sent within the block, each with the connection that it is sent on."""
    sent: list[tuple[object, str]] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        sent.append((connection, statement))

    hooks.listen(service.database.primary.sync_engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        hooks.remove(service.database.primary.sync_engine, "before_cursor_execute", note)


async def test_without_an_event_nothing_is_asked(service: Service) -> None:
    """A transaction without events sends no statement but its own."""
    async with statements(service) as sent, service.database.transaction() as connection:
        own = connection.sync_connection
        await connection.execute(text("SELECT 1"))
    assert [statement for asked, statement in sent if asked is own] == ["SELECT 1"]  # jobs have connections of their own


RENAMED = (
    update(models.Organisation)
    .where(models.Organisation.id == bindparam("organisation", type_=Uuid()), models.Organisation.name != bindparam("name"))
    .values(name=bindparam("name"))
    .returning(models.Organisation.name)
    .cte("renamed")
)
RENAME = select(RENAMED).add_cte(*audit.inserts(RENAMED))


async def test_an_event_goes_into_the_statement_of_its_act(auditor: Auditor) -> None:
    """A statement that changes a row writes its event, as `add` would, and answers as it would without; if it changes none
    there is none."""
    organisation_id = uuid.UUID(await auditor.service.organisation())
    event: dict[str, Any] = {
        "actor_id": uuid.uuid4(),
        "organisation_id": organisation_id,
        "before": {},
        "after": {"a": 1},
        "b": [True, None],
    }
    for personal in ({"name": "Ädä"}, None):
        name = str(personal)
        for expected in ([name], []):
            given = audit.event("organisation.update", organisation_id, personal=personal, **event)
            async with auditor.service.database.transaction() as connection:
                answer = await connection.execute(RENAME, {"organisation": organisation_id, "name": name, **given})
            assert list(answer.scalars()) == expected
        async with auditor.service.database.transaction() as connection:
            await audit.add(connection, "organisation.update", organisation_id, personal=personal, **event)
    rows = (await auditor.stored())[1:]
    assert [row.number for row in rows] == [2, 3, 4, 5]
    told = [(row.action, row.actor_id, row.target, row.organisation_id, row.request_id, row.details, row.data) for row in rows]
    assert told[0] == told[1] != told[2] == told[3]
    assert (told[0][-1], told[2][-1]) == ({"name": "Ädä"}, None)
    assert (await auditor.verify()).is_intact


async def test_many_rows_are_one_act(auditor: Auditor) -> None:
    """A statement that changes several rows has one event."""
    ids = [uuid.UUID(await auditor.service.organisation()) for _ in range(3)]
    own = update(models.Organisation).where(models.Organisation.id.in_(ids)).values(name="Same")
    changed = own.returning(models.Organisation.id).cte("changed")
    async with auditor.service.database.transaction() as connection:
        answer = await connection.execute(select(changed).add_cte(*audit.inserts(changed)), audit.event("test.act", ""))
    assert (len(answer.all()), len(await auditor.stored())) == (3, 2)


async def test_an_event_in_a_statement_is_rolled_back_with_it(auditor: Auditor) -> None:
    """A statement that is its own transaction is an act with its event, or neither."""
    organisation_id = uuid.UUID(await auditor.service.organisation())
    for name, ends in (("Named", does_not_raise()), ("never\0", pytest.raises(DBAPIError))):
        async with auditor.service.database.read() as connection:
            with ends:
                given = audit.event("organisation.update", organisation_id, name=name)
                await connection.execute(RENAME, {"organisation": organisation_id, "name": name.rstrip("\0"), **given})
    assert [row.details for row in (await auditor.stored())[1:]] == [{"name": "Named"}]
    async with auditor.service.database.read() as connection:
        own = select(models.Organisation.name).where(models.Organisation.id == organisation_id)
        assert list((await connection.execute(own)).scalars()) == ["Named"]


async def test_an_event_waits_for_nobody(auditor: Auditor) -> None:
    """Who has added an event and then wants a row that another holds, who adds an event too, does not block it; nor does who
    seals just now, or reads."""
    organisation_id = uuid.UUID(await auditor.service.organisation())
    locked = select(models.Organisation.id).where(models.Organisation.id == organisation_id).with_for_update()
    has_added, has_locked = asyncio.Event(), asyncio.Event()

    async def adds_first() -> None:
        async with auditor.service.database.transaction() as connection:
            await audit.add(connection, "test.act", "adds first")
            has_added.set()
            await has_locked.wait()
            await connection.execute(locked)

    async def locks_first() -> None:
        async with auditor.service.database.transaction() as connection:
            await connection.execute(locked)
            has_locked.set()
            await has_added.wait()
            await audit.add(connection, "test.act", "locks first")
            assert [event.target for event in await auditor.events()] == [auditor.admin.id]
            assert (await auditor.verify()).is_intact

    async with auditor.unsealed():
        await asyncio.wait_for(asyncio.gather(adds_first(), locks_first()), 20)
        assert {event.target for event in (await auditor.events())[:2]} == {"adds first", "locks first"}
    assert [row.target for row in await auditor.stored()][1:] == ["adds first", "locks first"]


async def test_forty_at_once(servers: Servers, template: str, tmp_path: Path) -> None:
    """Forty transactions at once, which lock rows before, after and between their events, and of which some fail, give numbers
    without gaps and an intact chain."""
    async with running(servers, template, tmp_path, DATABASE_POOL_MAX="84") as service:  # half of them are the driver's own
        auditor = await Auditor.of(service)
        ids = sorted([uuid.UUID(await service.organisation()) for _ in range(3)])
        begun, start = asyncio.Semaphore(0), asyncio.Event()

        async def act(seed: int) -> None:
            order = random.Random(seed)
            steps: list[uuid.UUID | None] = [None, None, ids[seed % 3]]  # None: an event
            order.shuffle(steps)
            async with service.database.transaction() as connection:
                begun.release()
                await start.wait()
                for step in steps:
                    if step is None:
                        await audit.add(connection, "test.act", str(seed), personal={"name": str(seed)})
                    else:
                        await connection.execute(
                            select(models.Organisation.id).where(models.Organisation.id == step).with_for_update()
                        )
                if seed % 8 == 7:
                    raise ZeroDivisionError

        tasks = []
        for seed in range(40):
            tasks.append(asyncio.create_task(act(seed)))
            await asyncio.wait_for(begun.acquire(), 20)  # one connection after the other is opened
        start.set()
        outcomes = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)
        assert [type(each) for each in outcomes if each is not None] == [ZeroDivisionError] * 5
        rows = await auditor.stored()
        assert [row.number for row in rows] == list(range(1, 72))
        targets = [row.target for row in rows[1:]]
        assert sorted(targets) == sorted(2 * [str(seed) for seed in range(40) if seed % 8 != 7])
        assert (await auditor.verify()).last_number == 71


async def test_calls_at_once(auditor: Auditor) -> None:
    """Calls that come at once, each with its event, are all chained."""
    stub = OrganisationServiceStub(auditor.service.channel)
    await asyncio.gather(
        *(
            stub.CreateOrganisation(
                CreateOrganisationRequest(organisation=Organisation(slug=f"office-{number}", name="Office")),
                metadata=auditor.admin.metadata,
            )
            for number in range(20)
        )
    )
    assert [row.number for row in await auditor.stored()] == list(range(1, 22))
    assert (await auditor.verify()).is_intact
