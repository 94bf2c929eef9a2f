"""What organisations add to a process."""

from __future__ import annotations

from gazette.auth.v1 import organisation_service_pb2
from server.organisations.service import OrganisationService
from server.process.domains import Base, Crossings, Domain

SERVICE = organisation_service_pb2.DESCRIPTOR.services_by_name["OrganisationService"]


def wire(base: Base, crossings: Crossings) -> Domain:
    return Domain(services={SERVICE: (OrganisationService(base.database, base.paging, crossings.others_use),)})
