"""What content adds to a process."""

from __future__ import annotations

from gazette.content.v1 import content_service_pb2, content_type_service_pb2
from server import files, organisations
from server.content.service import ContentService
from server.content.types.service import ContentTypeService
from server.process.domains import Base, Crossings, Domain

CONTENT = content_service_pb2.DESCRIPTOR.services_by_name["ContentService"]
CONTENT_TYPES = content_type_service_pb2.DESCRIPTOR.services_by_name["ContentTypeService"]


def wire(base: Base, crossings: Crossings) -> Domain:
    content = ContentService(base.database, base.paging, files.publish, organisations.may_use)
    return Domain(services={CONTENT: (content,), CONTENT_TYPES: (ContentTypeService(base.database, base.paging),)})
