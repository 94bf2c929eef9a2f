"""Erasing what is personal: the chain stays whole."""

from __future__ import annotations

import uuid
from contextlib import nullcontext

import pytest
from sqlalchemy import exc, text

from server import audit
from server.stores.postgres import PRIVILEGE, sqlstate
from tests.audit.auditing import Auditor, numbered

INTACT = (0, "UNSPECIFIED")


async def test_erasure_leaves_the_chain_intact(auditor: Auditor) -> None:
    """What was personal in an account's events is gone, as actor, target or named in the details; the events stay, say that it
    was erased, and verify. Events of others keep theirs."""
    account_id, other_id = uuid.uuid4(), uuid.uuid4()
    personal = {"email": "ada@example.gov"}
    async with auditor.service.database.transaction() as connection:
        await audit.add(connection, "account.update", "x", actor_id=account_id, personal=personal)
        await audit.add(connection, "account.update", account_id, actor_id=other_id, personal=personal)
        await audit.add(connection, "session.token_reused", "s", account_id=account_id, personal=personal)
        await audit.add(connection, "account.update", other_id, actor_id=other_id, personal={"email": "eve@example.gov"})
    await auditor.seal()
    before = await auditor.verify()

    async with auditor.service.database.transaction() as connection:
        await audit.add(connection, "account.erase", account_id)
        await audit.erase(connection, account_id)

    after = await auditor.verify(known_number=before.last_number, known_sha256=before.last_sha256)
    assert after.is_intact
    assert [row.hash.hex() for row in await auditor.stored()][before.last_number - 1] == before.last_sha256
    events = (await auditor.events())[1:]
    assert [(event.number, event.is_erased, "email" in event.personal) for event in events] == [
        (5, False, True),
        (4, True, False),
        (3, True, False),
        (2, True, False),
        (1, False, False),
    ]
    assert [row.salt is None for row in await auditor.stored()] == [False, True, True, True, False, True]


async def test_the_act_of_erasing_is_itself_audited(auditor: Auditor) -> None:
    """The event of the erasure keeps from where it was asked for, also where somebody has erased the own account; at another's
    erasure that goes too."""
    account_id, actor_id, other_id = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    await auditor.add(1, actor_id=account_id, personal={"name": "Ada"})
    async with auditor.service.database.transaction() as connection:
        await audit.add(connection, "account.erase", account_id, actor_id=actor_id, personal={"address": "192.0.2.1"})
        await audit.erase(connection, account_id)
        await audit.add(connection, "account.erase", other_id, actor_id=other_id, personal={"address": "192.0.2.2"})
        await audit.erase(connection, other_id)
    first, second, third = (await auditor.stored())[-3:]
    assert (first.data, second.data, third.data) == (None, {"address": "192.0.2.1"}, {"address": "192.0.2.2"})
    async with auditor.service.database.transaction() as connection:
        await audit.add(connection, "account.erase", actor_id)
        await audit.erase(connection, actor_id)
    assert [row.data for row in await auditor.stored()][-4:] == [None, None, {"address": "192.0.2.2"}, None]
    assert (await auditor.verify()).is_intact


async def test_personal_data_that_no_erasure_took_is_missed(auditor: Auditor) -> None:
    """Personal data that is gone is named, though the chain is whole: the erasure of somebody else does not explain it, nor one
    that was before."""
    account_id, other_id = uuid.uuid4(), uuid.uuid4()
    await auditor.add(1, "account.erase", account_id=account_id)  # no erasure of this account: that would be its target
    async with auditor.service.database.transaction() as connection:
        await audit.add(connection, "account.erase", account_id)
        await audit.add(connection, "account.update", "x", actor_id=account_id, account_id=other_id, personal={"name": "Ada"})
    await auditor.seal()
    await auditor.tamper(f"UPDATE audit_events SET event_time = event_time - interval '2 minutes' WHERE {numbered(3)}")
    await auditor.rewrite(3)
    assert await auditor.problem() == INTACT
    await auditor.tamper(f"DELETE FROM audit_personal WHERE {numbered(4, key='event_id')}")
    assert await auditor.problem() == (4, "PERSONAL_DATA_MISSING")
    async with auditor.service.database.transaction() as connection:
        await audit.add(connection, "account.erase", other_id)
    assert await auditor.problem() == INTACT


async def test_the_event_of_an_erasure_does_not_explain_itself(auditor: Auditor) -> None:
    """What says who has erased an account is not gone with the account."""
    await auditor.add(1, "account.erase", personal={"name": "Ada"})
    await auditor.tamper(f"DELETE FROM audit_personal WHERE {numbered(2, key='event_id')}")
    assert await auditor.problem() == (2, "PERSONAL_DATA_MISSING")


async def test_an_erasure_that_is_rolled_back_erases_nothing(auditor: Auditor) -> None:
    """Personal data goes with the transaction that erases it, or stays."""
    account_id = uuid.UUID(auditor.admin.id)
    try:
        async with auditor.service.database.transaction() as connection:
            await audit.add(connection, "account.erase", account_id)
            await audit.erase(connection, account_id)
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert (await auditor.stored())[0].data == {"address": "127.0.0.1"}


async def erased_without(auditor: Auditor, statement: str, *erased: uuid.UUID) -> None:
    """Deletes, as the server's own role, in a transaction in which these accounts are erased."""
    async with auditor.service.database.transaction() as connection:
        for account_id in erased:
            await audit.add(connection, "account.erase", account_id)
        await connection.execute(text(statement))


@pytest.mark.parametrize("is_sealed", [True, False], ids=["sealed", "unsealed"])
async def test_nothing_but_an_erasure_deletes(auditor: Auditor, is_sealed: bool) -> None:
    """The server's role cannot delete what is personal, all of it or a single event's, unless the account that it concerns is
    erased in the same transaction: neither with the erasure of another, nor after one that was long ago, nor beside an event
    that is no erasure of it. Nor can it change anything (I2)."""
    account_id, other_id, former_id = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    async with auditor.service.database.transaction() as connection:
        await audit.add(connection, "account.erase", former_id, actor_id=other_id, personal={"address": "192.0.2.1"})
        for each in (account_id, other_id, former_id):
            await audit.add(connection, "account.update", each, actor_id=each, personal={"name": "Ada"})
    if is_sealed:
        await auditor.seal()
    async with nullcontext() if is_sealed else auditor.unsealed():
        for statement, erased in (
            ("DELETE FROM audit_personal", ()),
            ("DELETE FROM audit_personal", (other_id,)),
            (of_account(account_id), ()),
            (of_account(account_id), (other_id,)),
            (of_account(former_id), ()),
            (of_account(other_id), (former_id,)),
            ("DELETE FROM audit_personal WHERE event_id = (SELECT event_id FROM audit_personal LIMIT 1)", ()),
            ("WITH gone AS (DELETE FROM audit_personal RETURNING 1) SELECT count(*) FROM gone", (account_id,)),
            ("UPDATE audit_personal SET data = '{}'", (account_id,)),
            ("TRUNCATE audit_personal", (account_id,)),
            ("DROP TRIGGER check_erasure ON audit_personal", (account_id,)),
            ("ALTER TABLE audit_personal DISABLE TRIGGER ALL", (account_id,)),
        ):
            with pytest.raises(exc.DBAPIError) as caught:
                await erased_without(auditor, statement, *erased)
            assert sqlstate(caught.value) == PRIVILEGE, statement
        assert (await auditor.verify()).is_intact
    await erased_without(auditor, of_account(account_id), account_id)
    assert (await auditor.verify()).is_intact


def of_account(account_id: uuid.UUID) -> str:
    """Deletes what the account's own events say that is personal, as an erasure does."""
    return f"DELETE FROM audit_personal USING audit_events WHERE id = event_id AND actor_id = '{account_id}'"


async def test_a_shadow_explains_no_deletion(auditor: Auditor) -> None:
    """Who puts a table of their own in the audit's place, for their session, deletes nothing by it."""
    await auditor.add(1, personal={"name": "Ada"})
    shadow = "CREATE TEMPORARY TABLE audit_events ON COMMIT DROP AS SELECT * FROM public.audit_events"
    async with auditor.service.database.transaction() as connection:
        await connection.execute(text(shadow))
        await connection.execute(text("UPDATE audit_events SET action = 'account.erase'"))
        with pytest.raises(exc.DBAPIError) as caught:
            await connection.execute(text("DELETE FROM public.audit_personal"))
    assert sqlstate(caught.value) == PRIVILEGE
    assert (await auditor.verify()).is_intact


async def test_an_erasure_that_was_made_up_shows(auditor: Auditor) -> None:
    """An erasure that somebody only claims, who has the server's role, lets them delete, and is on the audit for good."""
    account_id = uuid.UUID(auditor.admin.id)
    await erased_without(auditor, of_account(account_id), account_id)
    await auditor.seal()
    assert [event.target for event in await auditor.events() if event.action == "account.erase"] == [auditor.admin.id]
