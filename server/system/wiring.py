"""What the service says of itself."""

from __future__ import annotations

from gazette.system.v1 import system_service_pb2
from server.process.domains import Base, Crossings, Domain
from server.system import probe
from server.system.service import SystemService

SERVICE = system_service_pb2.DESCRIPTOR.services_by_name["SystemService"]


def wire(base: Base, crossings: Crossings) -> Domain:
    inside = probe.of(base.database, base.redis, base.blobs, crossings.checks)
    return Domain(services={SERVICE: (SystemService(inside, crossings.is_ready),)}, means=(inside,))
