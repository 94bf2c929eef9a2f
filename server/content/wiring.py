"""What content adds to a process."""

from __future__ import annotations

from gazette.content.v1 import content_service_pb2, content_type_service_pb2
from server import files, organisations
from server.content import attachments
from server.content.documents.premises import Premises
from server.content.documents.service import Documents
from server.content.publishing.approved import Approved
from server.content.publishing.publisher import Publisher
from server.content.publishing.service import Publishing
from server.content.refreshing.pages import Pages
from server.content.refreshing.running import Refreshing
from server.content.rendering import Renderer
from server.content.review.service import Review
from server.content.revisions.service import Revisions
from server.content.schedules import mails
from server.content.schedules.deeds import Deeds
from server.content.schedules.running import Due
from server.content.schedules.service import Scheduling
from server.content.taking_down.service import TakingDown
from server.content.transfer.service import Transfer
from server.content.types import held as types
from server.content.types.service import ContentTypeService
from server.content.where_used.service import References
from server.process.domains import Base, Crossings, Domain, Follower

CONTENT = content_service_pb2.DESCRIPTOR.services_by_name["ContentService"]
CONTENT_TYPES = content_type_service_pb2.DESCRIPTOR.services_by_name["ContentTypeService"]


def wire(base: Base, crossings: Crossings) -> Domain:
    database, paging = base.database, base.paging
    premises, publisher = Premises.of(base.processes), Publisher(files.publish)
    renderer = Renderer(base.processes)
    approved = Approved(database, premises, publisher, renderer)
    due = Due(database, premises, Deeds(approved, crossings.people, base.settings.redirect_hosts))
    file_imports = files.Imports.from_settings(base.settings, database, base.blobs, base.parsers)
    content = (
        Documents(database, paging, premises, renderer),
        Review(database, premises),
        Publishing(approved),
        Scheduling(database, premises, renderer, base.settings.redirect_hosts),
        TakingDown(database, premises, publisher, renderer, base.settings.redirect_hosts),
        Revisions(database, paging, premises.objects),
        References(database, paging),
        Transfer(database, premises, publisher, renderer, base.blobs, file_imports),
    )
    held = {types.CHANNEL: premises.content_types, organisations.CHANNEL: premises.reservations}
    return Domain(
        services={CONTENT: content, CONTENT_TYPES: (ContentTypeService(database, paging, premises.schemas),)},
        jobs=(
            attachments.agreement(database),
            files.removal(database, base.blobs, attachments.is_named),
            due.job(),
            *Refreshing(database, Pages(database, renderer)).jobs(),
        ),
        composers=mails.composers(base.settings.public_url),
        followers=[Follower(channel, each.forget, each.resume) for channel, each in held.items()],
        means=(premises, due),
    )
