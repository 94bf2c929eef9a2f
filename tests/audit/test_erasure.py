"""Erasing what is personal: the chain stays whole."""

from __future__ import annotations

import uuid

from server import audit
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
        await audit.erase(connection, account_id)
        await audit.add(connection, "account.erase", account_id)

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
        await audit.erase(connection, actor_id)
        await audit.add(connection, "account.erase", actor_id)
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
            await audit.erase(connection, account_id)
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert (await auditor.stored())[0].data == {"address": "127.0.0.1"}
