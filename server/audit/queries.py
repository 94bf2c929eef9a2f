"""Writing the audit, reading it, and erasing what is personal in it."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from server.audit import rules
from server.audit.models import AuditEvent, AuditPersonal
from server.rpc import ambient
from server.stores.postgres import AnyRow, hold

LOCK = 0x6175646974  # "audit": the key of the advisory lock that makes numbers commit in order
SALT_BYTES = 32


async def add(
    connection: AsyncConnection,
    action: str,
    target: uuid.UUID | str,
    *,
    actor_id: uuid.UUID | None = None,
    organisation_id: uuid.UUID | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    personal: Mapping[str, Any] | None = None,
    **details: Any,
) -> None:
    """Adds an event to the transaction, which has to be one of `Database.transaction`: it is written right before the commit.
    Actor, address and request id are the current call's.

    `details`, `before` and `after` are hashed for ever: ids, states, flags and whole numbers, never a secret and nothing that
    says something about a person. That goes to `personal`, where it can be erased. Raises TypeError for a fraction."""
    call = ambient.current() if ambient.is_answering() else None
    address = {"address": call.address} if call and call.address else {}
    changes = {name: values for name, values in (("before", before), ("after", after)) if values is not None}
    event = {
        "action": action,
        "actor_id": actor_id or (call.caller.account_id if call else None),
        "target": str(target),
        "organisation_id": organisation_id,
        "request_id": call.request_id if call else "",
        "details": rules.plain({**details, **changes}),
    }
    hold(connection, write, (event, rules.plain({**address, **(personal or {})})))


async def write(connection: AsyncConnection, held: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """Puts events and what is personal about each at the end of the chain. Everybody else who writes events waits from here
    until this transaction has ended."""
    await connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
    number, time, previous = await end(connection)
    events, personal = [], []
    for given, data in held:
        number += 1
        salt = secrets.token_bytes(SALT_BYTES)
        hashed = rules.personal_hash(salt, data) if data else None
        event = {**given, "number": number, "event_time": time, "personal_hash": hashed}
        event["hash"] = previous = rules.event_hash(previous, event)
        events.append(event)
        if data:
            personal.append({"number": number, "salt": salt, "data": data})
        time += timedelta(microseconds=1)
    await connection.execute(insert(AuditEvent), events)
    if personal:
        await connection.execute(insert(AuditPersonal), personal)


async def end(connection: AsyncConnection) -> tuple[int, datetime, bytes]:
    """The last number, the time for the next event, and the hash that it follows."""
    columns = (AuditEvent.number, AuditEvent.event_time, AuditEvent.hash)
    last = select(*columns).order_by(AuditEvent.number.desc()).limit(1).subquery()
    clock = select(func.clock_timestamp().label("now")).subquery()  # a row of its own, for when there is no event yet
    statement = select(clock.c.now, last).select_from(clock.outerjoin(last, true()))
    now, number, time, last_hash = (await connection.execute(statement)).one()
    if number is None:
        return 0, now, rules.BEGINNING
    return number, max(now, time + timedelta(microseconds=1)), last_hash  # a clock set back reorders nothing


async def erase(connection: AsyncConnection, account_id: uuid.UUID) -> None:
    """Erases what is personal in the events that are committed and concern the account: as actor, as target, or named by
    `account_id` in the details."""
    named = or_(
        AuditEvent.actor_id == account_id,
        AuditEvent.target == str(account_id),
        AuditEvent.details.has_key("account_id") & (AuditEvent.details["account_id"].astext == str(account_id)),  # as its index
    )
    await connection.execute(delete(AuditPersonal).where(AuditPersonal.number.in_(select(AuditEvent.number).where(named))))


async def events(
    connection: AsyncConnection,
    organisation_ids: Collection[uuid.UUID] | None,
    *,
    limit: int,
    before: int | None = None,
    actor_id: uuid.UUID | None = None,
    target: str = "",
    action: str = "",
    organisation_id: uuid.UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Sequence[AnyRow]:
    """Newest first, those before the number; of these organisations, or for None of all. `account.*` is every action there."""
    equal = ((AuditEvent.actor_id, actor_id), (AuditEvent.target, target), (AuditEvent.organisation_id, organisation_id))
    conditions = [column == value for column, value in equal if value]
    if organisation_ids is not None:
        conditions.append(AuditEvent.organisation_id.in_(organisation_ids))
    if action:
        domain = action.removesuffix("*")
        conditions.append(
            AuditEvent.action == action if domain == action else AuditEvent.action.startswith(domain, autoescape=True)
        )
    if before is not None:
        conditions.append(AuditEvent.number < before)
    if since is not None:
        conditions.append(AuditEvent.event_time >= since)
    if until is not None:
        conditions.append(AuditEvent.event_time < until)
    newest = stored().where(*conditions).order_by(AuditEvent.number.desc())
    return (await connection.execute(newest.limit(limit))).all()


async def events_from(connection: AsyncConnection, number: int | None, limit: int) -> Sequence[AnyRow]:
    """In the order of the chain, from the number on, or for None from whatever stands first."""
    statement = stored() if number is None else stored().where(AuditEvent.number >= number)
    return (await connection.execute(statement.order_by(AuditEvent.number).limit(limit))).all()


async def hash_of(connection: AsyncConnection, number: int) -> bytes | None:
    return (await connection.execute(select(AuditEvent.hash).where(AuditEvent.number == number))).scalar_one_or_none()


def stored() -> Any:
    """Events with their personal data; `salt` and `data` are None where there is none."""
    columns = (*AuditEvent.__table__.columns, AuditPersonal.salt, AuditPersonal.data)
    return select(*columns).outerjoin(AuditPersonal, AuditPersonal.number == AuditEvent.number)
