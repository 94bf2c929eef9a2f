"""SQL: queueing mails, taking the next one that is due, and what became of it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import uuid6
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.mail.models import Mail
from server.stores.postgres import AnyRow

CHANNEL = "gazette_mail"
"""Where PostgreSQL tells that a mail was queued, once its transaction has committed."""


async def add(
    connection: AsyncConnection, kind: str, recipient: str, *, account_id: uuid.UUID | None = None, **parameters: Any
) -> uuid.UUID:
    """Queues a mail: it is sent if the transaction commits. `parameters` are JSON, for the kind's composer; never a secret."""
    id = uuid6.uuid7()
    mail = {"id": id, "kind": kind, "recipient": recipient, "account_id": account_id, "parameters": parameters}
    await connection.execute(insert(Mail), mail)
    await connection.execute(select(func.pg_notify(CHANNEL, "")))
    return id


async def take(connection: AsyncConnection, lease: timedelta) -> AnyRow | None:
    """The mail that is due first, with this attempt counted; for as long as `lease` no other process is given it."""
    due = (
        select(Mail.id)
        .where(Mail.next_attempt_time <= func.now())
        .order_by(Mail.next_attempt_time)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taken = update(Mail).where(Mail.id == due.scalar_subquery())
    taken = taken.values(attempts=Mail.attempts + 1, next_attempt_time=func.now() + lease)
    mail: AnyRow | None = (await connection.execute(taken.returning(Mail.__table__))).one_or_none()
    return mail


async def mark_sent(connection: AsyncConnection, mail: AnyRow) -> None:
    sent = {"send_time": func.now(), "next_attempt_time": None, "failure": None}
    await connection.execute(update(Mail).where(Mail.id == mail.id).values(sent))


async def mark_dropped(connection: AsyncConnection, mail: AnyRow) -> None:
    dropped = {"drop_time": func.now(), "next_attempt_time": None}
    await connection.execute(update(Mail).where(Mail.id == mail.id, Mail.send_time.is_(None)).values(dropped))


async def mark_failed(connection: AsyncConnection, mail: AnyRow, failure: str, pause: timedelta | None) -> None:
    """Puts it off, or gives it up where there is no `pause`; unless it has been taken again since, or erased."""
    failed = {"failure": failure, "next_attempt_time": func.now() + pause if pause else None}
    is_ours = (Mail.id == mail.id, Mail.attempts == mail.attempts, Mail.next_attempt_time.is_not(None))
    await connection.execute(update(Mail).where(*is_ours).values(failed))


async def waiting(connection: AsyncConnection) -> tuple[int, float, float]:
    """How many mails are still to be sent, for how many seconds the oldest of them has been there, and by how many an attempt
    is late."""
    age, lateness = (func.extract("epoch", func.now() - func.min(each)) for each in (Mail.create_time, Mail.next_attempt_time))
    row = (await connection.execute(select(func.count(), age, lateness).where(Mail.next_attempt_time.is_not(None)))).one()
    return row[0], max(0.0, float(row[1] or 0)), max(0.0, float(row[2] or 0))


async def erase(connection: AsyncConnection, account_id: uuid.UUID) -> None:
    """Forgets to whom the account's mails went and what they said, and what servers answered, who may repeat an address; those
    that wait are not sent."""
    waits = update(Mail).where(Mail.account_id == account_id, Mail.next_attempt_time.is_not(None))
    await connection.execute(waits.values(drop_time=func.now(), next_attempt_time=None))
    await connection.execute(
        update(Mail).where(Mail.account_id == account_id).values(recipient="", parameters={}, failure=None)
    )
