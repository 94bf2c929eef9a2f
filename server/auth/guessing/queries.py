"""SQL: the attempts to guess a secret. Every sign-in counts, so the statements are built once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Interval, bindparam, case, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from server.auth.models import SignInAttempts

IS_OVER = or_(SignInAttempts.expire_time <= func.now(), SignInAttempts.count == 0)
FIRST = upsert(SignInAttempts).values(
    key=bindparam("counter"), count=1, expire_time=func.now() + bindparam("window", type_=Interval(native=True))
)
COUNT = FIRST.on_conflict_do_update(
    index_elements=[SignInAttempts.key],
    set_={
        "count": case((IS_OVER, 1), else_=SignInAttempts.count + 1),
        "expire_time": case((IS_OVER, FIRST.excluded.expire_time), else_=SignInAttempts.expire_time),
    },
    where=or_(IS_OVER, SignInAttempts.count < bindparam("most")),
).returning(SignInAttempts.count)
REPORT = aliased(SignInAttempts)
EXHAUSTED = select(
    func.extract("epoch", SignInAttempts.expire_time - func.now()),
    ~exists().where(REPORT.key == bindparam("report"), REPORT.expire_time > func.now()),
).where(SignInAttempts.key == bindparam("counter"))
RETURN = (
    update(SignInAttempts)
    .where(SignInAttempts.key == bindparam("counter"), SignInAttempts.count > 0)
    .values(count=SignInAttempts.count - 1)
)


async def count_attempt(connection: AsyncConnection, key: str, most: int, window: timedelta) -> bool:
    """Counts one more, unless that would exceed `most`, and returns whether it did. The window begins with the first."""
    counted = await connection.execute(COUNT, {"counter": key, "most": most, "window": window})
    return counted.one_or_none() is not None


async def exhausted(connection: AsyncConnection, key: str, report_key: str) -> tuple[float, bool]:
    """In how many seconds the counter's window ends, and whether that it is exhausted was not reported yet."""
    row = (await connection.execute(EXHAUSTED, {"counter": key, "report": report_key})).one()
    return float(row[0]), row[1]


async def return_attempts(connection: AsyncConnection, keys: Sequence[str]) -> None:
    for key in keys:  # in the order in which they were counted, so that no two transactions wait for each other
        await connection.execute(RETURN, {"counter": key})


async def forget_attempts(connection: AsyncConnection, keys: Sequence[str]) -> None:
    await connection.execute(delete(SignInAttempts).where(SignInAttempts.key.in_(keys)))
