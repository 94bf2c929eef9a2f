"""SQL: the sessions of one account."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ARRAY, Text, cast, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.auth.models import ApiKey, Session
from server.auth.queries import CHANNEL
from server.database import AnyRow


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
