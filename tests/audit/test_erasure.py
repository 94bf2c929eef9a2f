"""Erasing what is personal: the chain stays whole."""

from __future__ import annotations

import uuid

from server import audit
from tests.audit.auditing import Auditor


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
    before = await auditor.verify()

    async with auditor.service.database.transaction() as connection:
        await audit.erase(connection, account_id)

    after = await auditor.verify(known_number=before.last_number, known_sha256=before.last_sha256)
    assert (after.is_intact, after.last_sha256) == (True, before.last_sha256)
    events = await auditor.events()
    assert [(event.number, event.is_erased, "email" in event.personal) for event in events] == [
        (5, False, True),
        (4, True, False),
        (3, True, False),
        (2, True, False),
        (1, False, False),
    ]
    assert [row.salt is None for row in await auditor.stored()] == [False, True, True, True, False]


async def test_the_act_of_erasing_is_itself_audited(auditor: Auditor) -> None:
    """The event of the erasure is written after it, and keeps from where it was asked for."""
    account_id = uuid.uuid4()
    await auditor.add(1, actor_id=account_id, personal={"name": "Ada"})
    async with auditor.service.database.transaction() as connection:
        await audit.add(connection, "account.erase", account_id, personal={"address": "192.0.2.1"})
        await audit.erase(connection, account_id)
    first, second = (await auditor.stored())[-2:]
    assert (first.data, second.data) == (None, {"address": "192.0.2.1"})
    assert (await auditor.verify()).is_intact


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
