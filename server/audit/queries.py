"""Reading the audit: lists of events, the chain, and what waits for its seal."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.audit import rules
from server.audit.models import AuditEvent, AuditPersonal, AuditSeal, AuditUnsealed
from server.audit.writing import add, erase
from server.stores.parameters import is_one_of
from server.stores.postgres import AnyRow

__all__ = ["add", "erase", "events"]  # the first two for callers that do not know the package's own door yet

PERSONAL = AuditPersonal.salt, AuditPersonal.data


async def events(
    connection: AsyncConnection,
    organisation_ids: Collection[uuid.UUID] | None,
    *,
    limit: int,
    before: uuid.UUID | None = None,
    actor_id: uuid.UUID | None = None,
    target: str = "",
    action: str = "",
    organisation_id: uuid.UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Sequence[AnyRow]:
    """Newest first, those before the id; of these organisations, or for None of all. `account.*` is every action there."""
    equal = ((AuditEvent.actor_id, actor_id), (AuditEvent.target, target), (AuditEvent.organisation_id, organisation_id))
    conditions = [column == value for column, value in equal if value]
    if organisation_ids is not None:
        conditions.append(is_one_of(AuditEvent.organisation_id, organisation_ids))
    if action:
        domain = action.removesuffix("*")
        conditions.append(
            AuditEvent.action == action if domain == action else AuditEvent.action.startswith(domain, autoescape=True)
        )
    if before is not None:
        conditions.append(AuditEvent.id < before)
    if since is not None:
        conditions.append(AuditEvent.event_time >= since)
    if until is not None:
        conditions.append(AuditEvent.event_time < until)
    newest = stored().where(*conditions).order_by(AuditEvent.id.desc())
    return (await connection.execute(newest.limit(limit))).all()


def stored() -> Select[*tuple[Any, ...]]:
    """Events with number, hash and personal data; each is None where there is none."""
    return beside(select(AuditEvent.__table__, AuditSeal.number, AuditSeal.hash, *PERSONAL)).outerjoin(
        AuditSeal, AuditSeal.event_id == AuditEvent.id
    )


def beside(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """With what is personal about each event, if anything."""
    return statement.outerjoin(AuditPersonal, AuditPersonal.event_id == AuditEvent.id)


async def sealed_from(connection: AsyncConnection, number: int | None, limit: int) -> Sequence[AnyRow]:
    """Seals with their events, all columns None of one that is gone; from the number on, or for None from what stands first."""
    columns = select(AuditSeal.__table__, AuditEvent.__table__, *PERSONAL)
    statement = beside(columns.outerjoin(AuditEvent, AuditEvent.id == AuditSeal.event_id)).order_by(AuditSeal.number)
    if number is not None:
        statement = statement.where(AuditSeal.number >= number)
    return (await connection.execute(statement.limit(limit))).all()


async def seal_of(connection: AsyncConnection, number: int) -> AnyRow | None:
    return (await connection.execute(select(AuditSeal.__table__).where(AuditSeal.number == number))).one_or_none()


async def last_seal(connection: AsyncConnection) -> tuple[int, bytes]:
    """The last number and its hash."""
    last = select(AuditSeal.number, AuditSeal.hash).order_by(AuditSeal.number.desc()).limit(1)
    row = (await connection.execute(last)).one_or_none()
    return (row.number, row.hash) if row else (0, rules.BEGINNING)


async def listed(connection: AsyncConnection, limit: int, after: uuid.UUID | None = None) -> Sequence[AnyRow]:
    """What is on the list, in the order in which it will be sealed, with the events as `sealed_from` and the number of one that
    has its seal already."""
    columns = select(AuditUnsealed.__table__, AuditEvent.__table__, AuditSeal.number, *PERSONAL)
    joined = columns.outerjoin(AuditEvent, AuditEvent.id == AuditUnsealed.event_id)
    statement = beside(joined).outerjoin(AuditSeal, AuditSeal.event_id == AuditUnsealed.event_id)
    if after is not None:
        statement = statement.where(AuditUnsealed.event_id > after)
    return (await connection.execute(statement.order_by(AuditUnsealed.event_id).limit(limit))).all()


async def waiting(connection: AsyncConnection) -> int:
    """How many events wait for their seal."""
    return (await backlog(connection))[0]


async def backlog(connection: AsyncConnection) -> tuple[int, uuid.UUID | None]:
    """How many events wait for their seal, and the id of the oldest."""
    oldest = select(AuditUnsealed.event_id).order_by(AuditUnsealed.event_id).limit(1).scalar_subquery()
    row = (await connection.execute(select(func.count(), oldest).select_from(AuditUnsealed))).one()
    return row[0], row[1]


async def unlisted(connection: AsyncConnection, after: uuid.UUID, until: uuid.UUID | None) -> uuid.UUID | None:
    """The first event that neither has a seal nor waits for one, of those after an id: until another, or for None all."""

    def between(column: Any) -> Any:
        return (column > after) & (column <= until) if until else column > after

    # The bounds hold for both sides: so no plan reads more of an index than lies between them.
    known = [
        select(each.event_id).where(each.event_id == AuditEvent.id, between(each.event_id)).exists()
        for each in (AuditSeal, AuditUnsealed)
    ]
    statement = select(AuditEvent.id).where(between(AuditEvent.id), ~or_(*known)).order_by(AuditEvent.id).limit(1)
    return (await connection.execute(statement)).scalar_one_or_none()


async def erasures(connection: AsyncConnection, targets: Iterable[str]) -> Mapping[str, datetime]:
    """When which of these accounts were last erased."""
    last = select(AuditEvent.target, func.max(AuditEvent.event_time).label("time")).where(
        AuditEvent.action == rules.ERASURE, is_one_of(AuditEvent.target, targets)
    )
    rows = await connection.execute(last.group_by(AuditEvent.target))
    return {row.target: row.time for row in rows}
