"""SQL: the attempts to guess a secret, in minutes and over days. Every sign-in counts, so the statements are built once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Interval, bindparam, case, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from server.auth.models import LongRunAttempts, SignInAttempts
from server.stores.parameters import is_one_of

IS_OVER = or_(SignInAttempts.expire_time <= func.now(), SignInAttempts.count == 0)
FIRST = upsert(SignInAttempts).values(
    key=bindparam("counter"), count=1, expire_time=func.now() + bindparam("window", type_=Interval(native=True))
)
COUNT = FIRST.on_conflict_do_update(
    index_elements=[SignInAttempts.key],
    set_={
        "count": case((IS_OVER, 1), else_=SignInAttempts.count + 1),
        "failed": case((IS_OVER, 0), else_=SignInAttempts.failed),
        "expire_time": case((IS_OVER, FIRST.excluded.expire_time), else_=SignInAttempts.expire_time),
    },
    where=or_(IS_OVER, SignInAttempts.count < bindparam("most")),
).returning(SignInAttempts.count)
REPORT = aliased(SignInAttempts)
EXHAUSTED = select(
    func.extract("epoch", SignInAttempts.expire_time - func.now()),
    SignInAttempts.failed,
    ~exists().where(REPORT.key == bindparam("report"), REPORT.expire_time > func.now()),
).where(SignInAttempts.key == bindparam("counter"))
RETURN = (
    update(SignInAttempts)
    .where(SignInAttempts.key == bindparam("counter"), SignInAttempts.count > 0)
    .values(count=SignInAttempts.count - 1)
)
FAIL = update(SignInAttempts).where(SignInAttempts.key == bindparam("counter")).values(failed=SignInAttempts.failed + 1)
WRONG = LongRunAttempts
LASTS = (WRONG.account_id == bindparam("of_account"), WRONG.counter == bindparam("of_counter"))
FIRST_OF_DAYS = upsert(WRONG).values(
    account_id=bindparam("of_account"),
    counter=bindparam("of_counter"),
    count=1,
    expire_time=func.now() + bindparam("window", type_=Interval(native=True)),
)
COUNT_OVER_DAYS = FIRST_OF_DAYS.on_conflict_do_update(
    index_elements=[WRONG.account_id, WRONG.counter],
    set_={
        "count": case((WRONG.expire_time <= func.now(), 1), else_=WRONG.count + 1),
        "expire_time": case((WRONG.expire_time <= func.now(), FIRST_OF_DAYS.excluded.expire_time), else_=WRONG.expire_time),
    },
    where=or_(WRONG.expire_time <= func.now(), WRONG.count < bindparam("most")),
).returning(WRONG.count)
LEFT_OF_DAYS = select(func.extract("epoch", WRONG.expire_time - func.now())).where(*LASTS)
RETURN_OVER_DAYS = update(WRONG).where(*LASTS, WRONG.count > 0).values(count=WRONG.count - 1)


async def count_attempt(connection: AsyncConnection, key: str, most: int, window: timedelta) -> bool:
    """Counts one more, unless that would exceed `most`, and returns whether it did. The window begins with the first."""
    counted = await connection.execute(COUNT, {"counter": key, "most": most, "window": window})
    return counted.one_or_none() is not None


async def exhausted(connection: AsyncConnection, key: str, report_key: str) -> tuple[float, int, bool]:
    """In how many seconds the counter's window ends, how many attempts are known to have failed, and whether that it is
    exhausted was not reported yet."""
    row = (await connection.execute(EXHAUSTED, {"counter": key, "report": report_key})).one()
    return float(row[0]), row[1], row[2]


async def note_failures(connection: AsyncConnection, keys: Sequence[str]) -> None:
    """Notes that an attempt that was counted will not be given back."""
    for key in keys:
        await connection.execute(FAIL, {"counter": key})


async def return_attempts(connection: AsyncConnection, keys: Sequence[str]) -> None:
    for key in keys:  # in the order in which they were counted, so that no two transactions wait for each other
        await connection.execute(RETURN, {"counter": key})


async def forget_attempts(connection: AsyncConnection, keys: Sequence[str]) -> None:
    await connection.execute(delete(SignInAttempts).where(is_one_of(SignInAttempts.key, keys)))


async def count_over_days(
    connection: AsyncConnection, account_id: uuid.UUID, counter: str, most: int, window: timedelta
) -> int | None:
    """Counts one more of an account, and returns how many that are; None if there are as many as may be already."""
    values = {"of_account": account_id, "of_counter": counter, "most": most, "window": window}
    return (await connection.execute(COUNT_OVER_DAYS, values)).scalar_one_or_none()


async def seconds_left(connection: AsyncConnection, account_id: uuid.UUID, counter: str) -> float:
    values = {"of_account": account_id, "of_counter": counter}
    return float((await connection.execute(LEFT_OF_DAYS, values)).scalar_one())


async def return_over_days(connection: AsyncConnection, account_id: uuid.UUID, counters: Sequence[str]) -> None:
    for counter in counters:
        await connection.execute(RETURN_OVER_DAYS, {"of_account": account_id, "of_counter": counter})


async def forget_over_days(connection: AsyncConnection, account_id: uuid.UUID, counters: Sequence[str] | None = None) -> None:
    """Forgets what was counted of the account, or what some of its counters have."""
    statement = delete(WRONG).where(WRONG.account_id == account_id)
    await connection.execute(statement if counters is None else statement.where(is_one_of(WRONG.counter, counters)))
