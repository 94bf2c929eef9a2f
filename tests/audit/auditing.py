"""An auditor of a real server, and a tamperer who has the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text, update

from gazette.audit.v1 import audit_service_pb2 as rpc
from gazette.audit.v1.audit_event_pb2 import AuditEvent
from gazette.audit.v1.audit_service_pb2 import AuditProblemKind
from gazette.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from gazette.auth.v1.account_pb2 import Role
from server import audit
from server.audit import models
from server.audit import queries as audit_queries
from server.audit import rules as audit_rules
from server.stores.postgres import AnyRow
from tests.service import Person, Service


@dataclass
class Auditor:
    service: Service
    admin: Person
    """Holds in all organisations; signing in made the first event."""

    @classmethod
    async def of(cls, service: Service) -> Auditor:
        return cls(service, await service.account(role=Role.ROLE_ADMIN))

    @property
    def stub(self) -> Any:
        return AuditServiceStub(self.service.channel)

    async def add(self, count: int = 1, action: str = "test.act", **given: Any) -> None:
        """Adds events, each in a transaction of its own, with targets `0`, `1` and so on."""
        for number in range(count):
            async with self.service.database.transaction() as connection:
                await audit.add(connection, action, str(number), **given)

    async def verify(self, **fields: Any) -> rpc.VerifyAuditResponse:
        answer: rpc.VerifyAuditResponse = await self.stub.VerifyAudit(
            rpc.VerifyAuditRequest(**fields), metadata=self.admin.metadata
        )
        return answer

    async def problem(self, **fields: Any) -> tuple[int, str]:
        """What the verification names: a number, and what is wrong there."""
        answer = await self.verify(**fields)
        assert answer.is_intact is not answer.HasField("problem")
        kind = AuditProblemKind.Name(answer.problem.kind).removeprefix("AUDIT_PROBLEM_KIND_")
        return answer.problem.number, kind

    async def list(self, person: Person | None = None, **fields: Any) -> rpc.ListAuditEventsResponse:
        request = rpc.ListAuditEventsRequest(**fields)
        answer: rpc.ListAuditEventsResponse = await self.stub.ListAuditEvents(request, metadata=(person or self.admin).metadata)
        return answer

    async def events(self, person: Person | None = None, **fields: Any) -> Sequence[AuditEvent]:
        return (await self.list(person, **fields)).audit_events

    async def stored(self) -> Sequence[AnyRow]:
        """All events, in the order of the chain."""
        async with self.service.database.read() as connection:
            found: Sequence[AnyRow] = (
                await connection.execute(audit_queries.stored().order_by(models.AuditEvent.number))
            ).all()
            return found

    async def tamper(self, *statements: str) -> None:
        """Changes the audit as the role that owns the tables."""
        async with self.service.owner.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))

    async def rewrite(self, first: int) -> None:
        """Computes the hashes again from there on, as somebody would who knows how."""
        event = models.AuditEvent
        async with self.service.owner.begin() as connection:
            rows = (await connection.execute(select(event.__table__).order_by(event.number))).all()
            previous = audit_rules.BEGINNING
            for row in rows:
                if row.number >= first:
                    changed = audit_rules.event_hash(previous, row._asdict())
                    await connection.execute(update(event).where(event.number == row.number).values(hash=changed))
                    previous = changed
                else:
                    previous = row.hash
