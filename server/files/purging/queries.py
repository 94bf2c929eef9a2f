"""SQL: what caches are to forget, and what of it they were told."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    Insert,
    Interval,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    cast,
    column,
    delete,
    func,
    insert,
    literal,
    select,
    update,
    values,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from server.files.models import CachePurge
from server.files.purging import rules
from server.stores.postgres import AnyRow

CHANNEL = "gazette_purges"
"""Where PostgreSQL tells that caches are to forget something, once the transaction has committed."""
DELAYS = values(column("delay", Interval()), name="delays").data([(timedelta(0),), (rules.AGAIN,)])


def purges(file_ids: Select[Any]) -> Insert:
    """Makes caches forget the files that the statement yields: a statement, or a part of one. It also tells the job."""
    given = file_ids.subquery()
    name = func.concat(rules.PREFIX, cast(given.c[0], Text))
    due = select(name, func.now() + DELAYS.c.delay).join_from(given, DELAYS, literal(True))
    return insert(CachePurge).from_select(["name", "next_attempt_time"], due).returning(func.pg_notify(CHANNEL, ""))


OF_IDS = purges(select(func.unnest(bindparam("ids", type_=ARRAY(Uuid())))))


async def purge(connection: AsyncConnection, file_ids: Collection[uuid.UUID]) -> None:
    """Makes caches forget whatever they keep of these files, versions and renditions included, once the transaction commits:
    when a file is public no more, or its addresses lead elsewhere."""
    if file_ids:
        await connection.execute(OF_IDS, {"ids": [*file_ids]})


async def take(connection: AsyncConnection) -> Sequence[AnyRow]:
    """What is due, as much as one request can say, with this attempt counted; for a while no other process is given it."""
    due = (
        select(CachePurge.number)
        .where(CachePurge.next_attempt_time <= func.now())
        .order_by(CachePurge.next_attempt_time)
        .limit(rules.MOST)
        .with_for_update(skip_locked=True)
    )
    taken = update(CachePurge).where(CachePurge.number.in_(due.scalar_subquery()))
    taken = taken.values(attempts=CachePurge.attempts + 1, next_attempt_time=func.now() + rules.LEASE)
    rows: Sequence[AnyRow] = (await connection.execute(taken.returning(CachePurge.__table__))).all()
    return rows


async def mark_sent(connection: AsyncConnection, purged: Collection[AnyRow]) -> None:
    await connection.execute(delete(CachePurge).where(is_of(purged)))


async def mark_failed(connection: AsyncConnection, purged: Collection[AnyRow], pause: timedelta) -> None:
    await connection.execute(update(CachePurge).where(is_of(purged)).values(next_attempt_time=func.now() + pause))


async def waiting(connection: AsyncConnection) -> tuple[int, float]:
    """How many are still to be told, and by how many seconds one of them is late at most."""
    since = case((CachePurge.attempts > 0, CachePurge.create_time), else_=CachePurge.next_attempt_time)
    lateness = func.extract("epoch", func.now() - func.min(since))
    row = (await connection.execute(select(func.count(), lateness).select_from(CachePurge))).one()
    return row[0], max(0.0, float(row[1] or 0))


def is_of(purged: Collection[AnyRow]) -> Any:
    return CachePurge.number == any_(literal([each.number for each in purged], ARRAY(CachePurge.number.type)))
