"""How long what has had its time is kept, and the job that clears it away.

What is not listed is kept: sessions that ended among it, since sign-in knows people by the addresses that they came from.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, delete, func, literal_column, select

from server.auth.models import Link, SignInAttempts
from server.background.jobs import Job
from server.mail.models import Mail
from server.stores.idempotency import IdempotencyKey
from server.stores.postgres import Database, Model

log = structlog.get_logger(__name__)

SECONDS = 3600.0
BATCH = 1000
"""Rows to a transaction: few enough to be gone within a moment."""


def over() -> Iterator[tuple[type[Model], ColumnElement[bool]]]:
    """Each table's rows that may go."""
    yield IdempotencyKey, IdempotencyKey.create_time < func.now() - timedelta(days=7)
    yield SignInAttempts, SignInAttempts.expire_time < func.now()
    yield Link, Link.create_time < func.now() - timedelta(days=30)  # none holds for so long
    yield Mail, Mail.next_attempt_time.is_(None) & (Mail.create_time < func.now() - timedelta(days=90))


async def clear(database: Database) -> None:
    """Whatever another process is clearing away just now is left to it."""
    for table, is_over in over():
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


def clearing(database: Database) -> Job:
    return Job("clearing away", lambda: clear(database), seconds=SECONDS)
