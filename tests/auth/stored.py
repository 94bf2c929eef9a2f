"""What the database holds after a call, of what the test has made: others use the server too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Delete, Executable, FromClause, Select, Update, select

from server.audit.models import AuditEvent, AuditPersonal
from server.stores.postgres import AnyRow
from tests.service import Service


async def rows(service: Service, statement: Any) -> Sequence[AnyRow]:
    if isinstance(statement, Select):
        statement = own(service, statement, *statement.get_final_froms())
    async with service.database.read() as connection:
        found: Sequence[AnyRow] = (await connection.execute(statement)).all()
        return found


def own(service: Service, statement: Any, *tables: FromClause) -> Any:
    """The statement, about the test's own rows alone, where the table's ids or times tell which those are."""
    first = service.first_id
    firsts = {"id": first, "account_id": first, "event_time": service.start_time, "organisation_id": first}
    for table in tables:
        for name in [name for name in firsts if name in table.columns][:1]:
            statement = statement.where(table.columns[name] > firsts[name])
    return statement


async def events(service: Service, action: str) -> Sequence[AnyRow]:
    """The audit's events of one kind since the test began, in order, each with its `personal` data and the `address` in it."""
    personal = AuditPersonal.data.label("personal"), AuditPersonal.data["address"].astext.label("address")
    found = select(AuditEvent.__table__, *personal).outerjoin(AuditPersonal, AuditPersonal.event_id == AuditEvent.id)
    found = found.where(AuditEvent.action == action, AuditEvent.event_time > service.start_time)
    return await rows(service, found.order_by(AuditEvent.id))


async def change(service: Service, *statements: Executable) -> None:
    """Changes what the service stored, behind its back."""
    async with service.owner.begin() as connection:
        for each in statements:
            await connection.execute(own(service, each, each.table) if isinstance(each, Update | Delete) else each)
