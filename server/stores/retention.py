"""How long what has had its time is kept, and the job that clears it away.

Each domain says in its `wiring.py` which of its rows have had their time. What no domain lists is kept: sessions that ended
among it, since sign-in knows people by the addresses that they came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import structlog
from sqlalchemy import ColumnElement, delete, literal_column, select

from server.background.jobs import Job
from server.stores.postgres import Database, Model

log = structlog.get_logger(__name__)

SECONDS = 3600.0
BATCH = 1000
"""Rows to a transaction: few enough to be gone within a moment."""


class Expired(NamedTuple):
    """A table's rows that may go."""

    table: type[Model]
    is_over: ColumnElement[bool]


async def clear(database: Database, expired: Sequence[Expired]) -> None:
    """Removes the rows that may go. Whatever another process is clearing away just now is left to it."""
    for table, is_over in expired:
        count = 0
        while removed := await clear_some(database, table, is_over):
            count += removed
        if count:
            log.info("old rows removed", table=table.__tablename__, count=count)


async def clear_some(database: Database, table: type[Model], is_over: ColumnElement[bool]) -> int:
    place: ColumnElement[Any] = literal_column("ctid")
    some = select(place).select_from(table).where(is_over).limit(BATCH).with_for_update(skip_locked=True)
    async with database.transaction() as connection:
        return (await connection.execute(delete(table).where(place.in_(some)))).rowcount


def clearing(database: Database, expired: Sequence[Expired]) -> Job:
    return Job("clearing away", lambda: clear(database, expired), seconds=SECONDS)
