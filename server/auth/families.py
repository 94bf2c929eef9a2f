"""SQL: which API keys were made with which. A key ends with the one that it was made with, however long the chain."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, Select, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.account_pb2 import AccountState
from server.auth.models import Account, ApiKey
from server.stores.postgres import AnyRow


def family(which: Any) -> Select[tuple[uuid.UUID]]:
    """The ids of these keys, and of all that were made with them, whoever's they are."""
    found = select(ApiKey.id).where(which).cte("family", recursive=True)
    return select(found.union(select(ApiKey.id).join(found, ApiKey.maker_id == found.c.id)).c.id)


def makers(which: Any) -> CTE:
    """The id and the maker_id of the key, and of those that it was made with, one with the other."""
    found = select(ApiKey.id, ApiKey.maker_id).where(which).cte("makers", recursive=True)
    return found.union(select(ApiKey.id, ApiKey.maker_id).join(found, ApiKey.id == found.c.maker_id))


def holds(which: Any) -> Any:
    """The condition that neither the key nor one that it was made with was revoked, or is of an account that may do nothing."""
    chain = makers(which)
    is_over = or_(ApiKey.revoke_time.is_not(None), Account.state != AccountState.ACCOUNT_STATE_ACTIVE)
    joined = chain.join(ApiKey, ApiKey.id == chain.c.id).join(Account, Account.id == ApiKey.account_id)
    return ~exists().select_from(joined).where(is_over)


async def keep(connection: AsyncConnection, key_id: uuid.UUID, now: datetime) -> AnyRow | None:
    """The key, if it holds. It does so until the transaction ends, and so do those that it was made with: who revokes one of
    them meanwhile finds what was made with it."""
    chain = select(makers(ApiKey.id == key_id).c.id)
    kept = select(ApiKey.__table__).where(ApiKey.id.in_(chain)).order_by(ApiKey.id).with_for_update(read=True)
    rows = (await connection.execute(kept)).all()
    is_over = any(row.revoke_time is not None for row in rows)
    return next((row for row in rows if row.id == key_id and row.expire_time > now and not is_over), None)


async def revoke(connection: AsyncConnection, which: Any, now: datetime) -> Sequence[AnyRow]:
    """Ends these keys and all that were made with them; returns those that it ended."""
    statement = update(ApiKey).where(ApiKey.id.in_(family(which)), ApiKey.revoke_time.is_(None)).values(revoke_time=now)
    ended: Sequence[AnyRow] = (await connection.execute(statement.returning(ApiKey.__table__))).all()
    return ended


async def end_by(connection: AsyncConnection, key_id: uuid.UUID, moment: datetime) -> Sequence[uuid.UUID]:
    """Lets the key hold until then at most, with all that were made with it, but for what was made to replace its maker.
    Returns the ids."""
    found = select(ApiKey.id).where(ApiKey.id == key_id).cte("ending", recursive=True)
    is_successor = ApiKey.replaces_id.is_not_distinct_from(ApiKey.maker_id)
    found = found.union(select(ApiKey.id).join(found, ApiKey.maker_id == found.c.id).where(~is_successor))
    statement = update(ApiKey).where(ApiKey.id.in_(select(found.c.id)), ApiKey.expire_time > moment)
    return (await connection.execute(statement.values(expire_time=moment).returning(ApiKey.id))).scalars().all()
