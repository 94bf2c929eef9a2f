"""What content adds to a process."""

from __future__ import annotations

from gazette.content.v1 import content_service_pb2, content_type_service_pb2
from server import files, organisations
from server.content import attachments
from server.content.batches.service import Batches
from server.content.documents.premises import Premises
from server.content.documents.service import Documents
from server.content.failures import StaleEtag
from server.content.merging.explaining import Explaining
from server.content.merging.failures import MergeConflict
from server.content.merging.merging import Merging
from server.content.merging.service import Merges
from server.content.presence.present import Presences
from server.content.presence.service import Presence
from server.content.publishing.approved import Approved
from server.content.publishing.publisher import Publisher
from server.content.publishing.service import Publishing
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
from server.process.domains import Base, Crossings, Domain, Follower

CONTENT = content_service_pb2.DESCRIPTOR.services_by_name["ContentService"]
CONTENT_TYPES = content_type_service_pb2.DESCRIPTOR.services_by_name["ContentTypeService"]


def wire(base: Base, crossings: Crossings) -> Domain:
    database, paging = base.database, base.paging
    premises, publisher = Premises.of(base.processes), Publisher(files.publish)
    renderer = Renderer(base.processes)
    approved = Approved(database, premises, publisher, renderer)
    merging, explaining = Merging(base.processes), Explaining(database, crossings.people)
    due = Due(database, premises, Deeds(approved, crossings.people, base.settings.redirect_hosts))
    file_imports = files.Imports.from_settings(base.settings, database, base.blobs, base.parsers)
    review, publishing = Review(database, premises), Publishing(approved)
    seconds = base.settings.call_deadline.total_seconds()
    content = (
        Documents(database, paging, premises, renderer, merging),
        Merges(database, premises, merging),
        Presence(database, Presences(base.redis), crossings.people),
        Batches(database, premises.objects, review, publishing, explaining, base.rates, seconds),
        review,
        publishing,
        Scheduling(database, premises, renderer, base.settings.redirect_hosts),
        TakingDown(database, premises, publisher, renderer, base.settings.redirect_hosts),
        Revisions(database, paging, premises.objects),
        Transfer(database, premises, publisher, renderer, base.blobs, file_imports),
    )
    held = {types.CHANNEL: premises.content_types, organisations.CHANNEL: premises.reservations}
    return Domain(
        services={CONTENT: content, CONTENT_TYPES: (ContentTypeService(database, paging, premises.schemas),)},
        jobs=(
            attachments.agreement(database),
            files.removal(database, base.blobs, attachments.is_named),
            due.job(),
        ),
        composers=mails.composers(base.settings.public_url),
        explainers=dict.fromkeys((StaleEtag, MergeConflict), explaining.explain),
        followers=[Follower(channel, each.forget, each.resume) for channel, each in held.items()],
        means=(premises, due),
    )
