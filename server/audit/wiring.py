"""What the audit adds to a process."""

from __future__ import annotations

from gazette.audit.v1 import audit_service_pb2
from server.audit.sealing import Sealer
from server.audit.service import AuditService
from server.process.domains import Base, Crossings, Domain

SERVICE = audit_service_pb2.DESCRIPTOR.services_by_name["AuditService"]


def wire(base: Base, crossings: Crossings) -> Domain:
    sealer = Sealer(base.database)
    return Domain(services={SERVICE: (AuditService(base.database, base.paging),)}, jobs=(sealer.job(),), means=(sealer,))
