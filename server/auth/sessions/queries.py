"""SQL: sessions, their counters and their ends."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import uuid6
from sqlalchemy import ARRAY, Text, cast, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.auth.models import ApiKey, Session
from server.stores.postgres import AnyRow

CHANNEL = "gazette_sessions"
"""Where PostgreSQL tells the ids of sessions that were revoked."""


async def add_session(
    connection: AsyncConnection,
    account_id: uuid.UUID,
    *,
    user_agent: str,
    address: str,
    now: datetime,
    idle: timedelta,
    longest: timedelta,
) -> AnyRow:
    session = {
        "id": uuid6.uuid7(),
        "account_id": account_id,
        "counter": 0,
        "user_agent": user_agent,
        "address": address,
        "create_time": now,
        "rotate_time": now,
        "idle_expire_time": now + min(idle, longest),
        "absolute_expire_time": now + longest,
    }
    made: AnyRow = (await connection.execute(insert(Session).values(session).returning(Session.__table__))).one()
    return made


async def rotate(
    connection: AsyncConnection, session_id: uuid.UUID, counter: int, now: datetime, idle: timedelta
) -> AnyRow | None:
    """Counts one up if `counter` is the newest of a living session. None, and nothing is done, if not: of many at once, one
    finds it so."""
    statement = (
        update(Session)
        .where(
            Session.id == session_id,
            Session.counter == counter,
            Session.revoke_time.is_(None),
            Session.idle_expire_time > now,
            Session.absolute_expire_time > now,
        )
        .values(
            counter=Session.counter + 1,
            rotate_time=now,
            idle_expire_time=func.least(now + idle, Session.absolute_expire_time),
        )
        .returning(Session.__table__)
    )
    rotated: AnyRow | None = (await connection.execute(statement)).one_or_none()
    return rotated


async def lock_session(connection: AsyncConnection, session_id: uuid.UUID) -> AnyRow | None:
    statement = select(Session.__table__).where(Session.id == session_id)
    return (await connection.execute(statement.with_for_update())).one_or_none()


async def revoke(connection: AsyncConnection, session_id: uuid.UUID, reason: str, now: datetime) -> bool:
    """Ends the session and tells every process at commit. False if it had ended before."""
    statement = update(Session).where(Session.id == session_id, Session.revoke_time.is_(None))
    ended = (await connection.execute(statement.values(revoke_time=now, revoke_reason=reason))).rowcount > 0
    if ended:
        await connection.execute(select(func.pg_notify(CHANNEL, str(session_id))))
    return ended


async def revoked_since(connection: AsyncConnection, moment: datetime) -> Sequence[uuid.UUID]:
    statement = select(Session.id).where(Session.revoke_time > moment)
    return (await connection.execute(statement.order_by(Session.revoke_time))).scalars().all()


async def living(
    connection: AsyncConnection, account_id: uuid.UUID, now: datetime, before: uuid.UUID | None, limit: int | None = None
) -> Sequence[AnyRow]:
    """The sessions that have not ended, the newest first, beginning with the one before `before`."""
    statement = select(Session.__table__).where(
        Session.account_id == account_id,
        Session.revoke_time.is_(None),
        Session.idle_expire_time > now,
        Session.absolute_expire_time > now,
    )
    if before is not None:
        statement = statement.where(Session.id < before)
    return (await connection.execute(statement.order_by(Session.id.desc()).limit(limit))).all()


async def revoke_all(
    connection: AsyncConnection, account_id: uuid.UUID, reason: str, now: datetime, *, but: uuid.UUID | None = None
) -> list[uuid.UUID]:
    """Ends the account's sessions, all or all `but` one, and returns the ids of those that lived. Every process hears of them
    at commit, and of the account's API keys: what it remembers of a key it forgets, and asks again.

    Whoever ends sessions for what changed in the account changes the account first: a sign-in under way waits for its row."""
    living = update(Session).where(
        Session.account_id == account_id, Session.revoke_time.is_(None), Session.absolute_expire_time > now
    )
    if but is not None:
        living = living.where(Session.id != but)
    statement = living.values(revoke_time=now, revoke_reason=reason).returning(Session.id)
    ended = list((await connection.execute(statement)).scalars())
    keys = select(ApiKey.id).where(ApiKey.account_id == account_id, ApiKey.revoke_time.is_(None), ApiKey.expire_time > now)
    await tell(connection, [*ended, *(await connection.execute(keys)).scalars()])
    return ended


async def tell(connection: AsyncConnection, ids: Iterable[uuid.UUID]) -> None:
    """Tells every process at commit that these sessions have ended, or that these keys may have changed."""
    told = cast([str(each) for each in ids], ARRAY(Text))
    await connection.execute(select(func.pg_notify(CHANNEL, func.unnest(told))))
