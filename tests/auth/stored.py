"""What the database holds after a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Executable, select

from server.audit.models import AuditEvent, AuditPersonal
from server.stores.postgres import AnyRow
from tests.service import Service


async def rows(service: Service, statement: Any) -> Sequence[AnyRow]:
    async with service.database.read() as connection:
        found: Sequence[AnyRow] = (await connection.execute(statement)).all()
        return found


async def events(service: Service, action: str) -> Sequence[AnyRow]:
    """The audit's events of one kind, in order, each with its `personal` data and the `address` in it."""
    personal = AuditPersonal.data.label("personal"), AuditPersonal.data["address"].astext.label("address")
    found = select(AuditEvent.__table__, *personal).outerjoin(AuditPersonal, AuditPersonal.event_id == AuditEvent.id)
    return await rows(service, found.where(AuditEvent.action == action).order_by(AuditEvent.id))


async def change(service: Service, *statements: Executable) -> None:
    """Changes what the service stored, behind its back."""
    async with service.owner.begin() as connection:
        for statement in statements:
            await connection.execute(statement)
