"""What the record adds to a process."""

from __future__ import annotations

from gazette.record.v1 import record_service_pb2
from server.process.domains import Base, Crossings, Domain
from server.record.service import RecordService

SERVICE = record_service_pb2.DESCRIPTOR.services_by_name["RecordService"]


def wire(base: Base, crossings: Crossings) -> Domain:
    return Domain(services={SERVICE: (RecordService(base.database),)})
