"""An auditor of a real server, and a tamperer who has the database."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, text, update

from gazette.audit.v1 import audit_service_pb2 as rpc
from gazette.audit.v1.audit_event_pb2 import AuditEvent
from gazette.audit.v1.audit_service_pb2 import AuditProblemKind
from gazette.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from gazette.auth.v1.account_pb2 import Role
from server import audit
from server.audit import models, sealing
from server.audit import queries as audit_queries
from server.audit import rules as audit_rules
from server.stores.postgres import AnyRow
from tests.polling import until
from tests.service import HERE, Person, Service


@dataclass
class Auditor:
    service: Service
    admin: Person
    """Holds in all organisations; that it signed in is the first event."""

    @classmethod
    async def of(cls, service: Service) -> Auditor:
        admin = await service.account(role=Role.ROLE_ADMIN)
        actor, personal = uuid.UUID(admin.id), {"address": HERE}
        async with service.database.transaction() as connection:
            await audit.add(connection, "account.sign_in", actor, actor_id=actor, personal=personal)
        auditor = cls(service, admin)
        await auditor.seal()
        return auditor

    @property
    def stub(self) -> Any:
        return AuditServiceStub(self.service.channel)

    async def add(self, count: int = 1, action: str = "test.act", **given: Any) -> None:
        """Adds events, each in a transaction of its own, with targets `0`, `1` and so on, and has them sealed."""
        await self.write(count, action, **given)
        await self.seal()

    async def write(self, count: int = 1, action: str = "test.act", **given: Any) -> None:
        """The same, without the seals."""
        for number in range(count):
            async with self.service.database.transaction() as connection:
                await audit.add(connection, action, str(number), **given)

    async def seal(self) -> None:
        """Seals what waits, beside the server's own job, which may be about it just now."""

        async def is_done() -> bool:
            await sealing.Sealer(self.service.database).seal_all()
            async with self.service.database.read() as connection:
                return await audit_queries.waiting(connection) == 0

        await until(is_done)

    @asynccontextmanager
    async def unsealed(self) -> AsyncIterator[None]:
        """Until the end of the block nothing is sealed: who seals is somebody who does not get round to it."""
        async with self.service.owner.begin() as connection:
            await connection.execute(select(func.pg_advisory_xact_lock(sealing.LOCK)))
            yield

    async def verify(self, **fields: Any) -> rpc.VerifyAuditResponse:
        answer: rpc.VerifyAuditResponse = await self.stub.VerifyAudit(
            rpc.VerifyAuditRequest(**fields), metadata=self.admin.metadata
        )
        return answer

    async def problem(self, **fields: Any) -> tuple[int, str]:
        """What the verification names: a number, and what is wrong there."""
        answer = await self.verify(**fields)
        assert answer.is_intact is not answer.HasField("problem")
        return answer.problem.number, kind_of(answer)

    async def unsealed_problem(self) -> tuple[str, str]:
        """The same, where an event has no number: its id."""
        answer = await self.verify()
        assert (answer.is_intact, answer.problem.number) == (False, 0)
        return answer.problem.event_id, kind_of(answer)

    async def list(self, person: Person | None = None, **fields: Any) -> rpc.ListAuditEventsResponse:
        request = rpc.ListAuditEventsRequest(**fields)
        answer: rpc.ListAuditEventsResponse = await self.stub.ListAuditEvents(request, metadata=(person or self.admin).metadata)
        return answer

    async def events(self, person: Person | None = None, **fields: Any) -> Sequence[AuditEvent]:
        return (await self.list(person, **fields)).audit_events

    async def stored(self) -> Sequence[AnyRow]:
        """All events, sealed, in the order of the chain."""
        await self.seal()
        async with self.service.database.read() as connection:
            found: Sequence[AnyRow] = (await connection.execute(audit_queries.stored().order_by(models.AuditSeal.number))).all()
            return found

    async def newest_id(self) -> str:
        """Of the event that was written last."""
        return (await self.events(page_size=1))[0].id

    async def tamper(self, *statements: str) -> None:
        """Changes the audit as the role that owns the tables."""
        async with self.service.owner.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))

    async def rewrite(self, first: int) -> None:
        """Computes the hashes again from there on, as somebody would who knows how."""
        seal, event = models.AuditSeal, models.AuditEvent
        async with self.service.owner.begin() as connection:
            chain = select(seal.__table__, event.__table__).join(event, event.id == seal.event_id).order_by(seal.number)
            previous = audit_rules.BEGINNING
            for row in (await connection.execute(chain)).all():
                if row.number >= first:
                    changed = audit_rules.event_hash(previous, row._asdict())
                    await connection.execute(update(seal).where(seal.number == row.number).values(hash=changed))
                    previous = changed
                else:
                    previous = row.hash


def kind_of(answer: rpc.VerifyAuditResponse) -> str:
    return AuditProblemKind.Name(answer.problem.kind).removeprefix("AUDIT_PROBLEM_KIND_")


def numbered(*numbers: int, key: str = "id") -> str:
    """A condition in SQL: the events with these numbers."""
    return f"{key} IN (SELECT event_id FROM audit_seals WHERE number IN ({', '.join(map(str, numbers))}))"
