"""SQL: who may be signing in, and the attempts to guess a secret."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import case, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from server.auth.models import SignInAttempts


async def count_attempt(connection: AsyncConnection, key: str, most: int, window: timedelta) -> bool:
    """Counts one more, unless that would exceed `most`. The window begins with the first."""
    is_over = or_(SignInAttempts.expire_time <= func.now(), SignInAttempts.count == 0)
    statement = upsert(SignInAttempts).values(key=key, count=1, expire_time=func.now() + window)
    statement = statement.on_conflict_do_update(
        index_elements=[SignInAttempts.key],
        set_={
            "count": case((is_over, 1), else_=SignInAttempts.count + 1),
            "expire_time": case((is_over, statement.excluded.expire_time), else_=SignInAttempts.expire_time),
        },
        where=or_(is_over, SignInAttempts.count < most),
    )
    return (await connection.execute(statement.returning(SignInAttempts.count))).one_or_none() is not None


async def exhausted(connection: AsyncConnection, key: str, told: str) -> tuple[float, bool]:
    """In how many seconds the counter's window ends, and whether nobody was told yet."""
    left = func.extract("epoch", SignInAttempts.expire_time - func.now())
    other = aliased(SignInAttempts)
    was_told = exists().where(other.key == told, other.expire_time > func.now())
    row = (await connection.execute(select(left, ~was_told).where(SignInAttempts.key == key))).one()
    return float(row[0]), row[1]


async def return_attempts(connection: AsyncConnection, keys: Sequence[str]) -> None:
    for key in keys:  # in the order in which they were counted, so that no two transactions wait for each other
        statement = update(SignInAttempts).where(SignInAttempts.key == key, SignInAttempts.count > 0)
        await connection.execute(statement.values(count=SignInAttempts.count - 1))


async def forget_attempts(connection: AsyncConnection, keys: Sequence[str]) -> None:
    await connection.execute(delete(SignInAttempts).where(SignInAttempts.key.in_(keys)))
