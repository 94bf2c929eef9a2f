"""What content adds to a process."""

from __future__ import annotations

from gazette.content.v1 import content_service_pb2, content_type_service_pb2
from server import files, organisations
from server.content import attachments
from server.content.batches.service import Batches
from server.content.comments.service import Comments
from server.content.comparing.service import Comparing
from server.content.deletion import queries as deletion
from server.content.deletion.service import Deletion
from server.content.documents.premises import Premises
from server.content.documents.service import Documents
from server.content.failures import StaleEtag
from server.content.lists.service import Lists
from server.content.merging.explaining import Explaining
from server.content.merging.failures import MergeConflict
from server.content.merging.merging import Merging
from server.content.merging.service import Merges
from server.content.paths.service import Swapping
from server.content.presence.present import Presences
from server.content.presence.service import Presence
from server.content.previews.reading import Previews
from server.content.previews.service import PreviewLinks
from server.content.previews.tokens import Tokens
from server.content.publish_checks.checking import Checked, PublishChecks
from server.content.publish_checks.service import Checking
from server.content.publishing.approved import Approved
from server.content.publishing.publisher import Publisher
from server.content.publishing.service import Publishing
from server.content.refreshing.pages import Pages
from server.content.refreshing.running import Refreshing
from server.content.rendering import Renderer
from server.content.review import mails as review_mails
from server.content.review.forced import Forced
from server.content.review.service import Review
from server.content.review_dates import mails as review_date_mails
from server.content.review_dates.due import DueReviews
from server.content.review_dates.service import ReviewDates
from server.content.revisions.drafts import Drafts
from server.content.revisions.service import Revisions
from server.content.schedules import mails
from server.content.schedules.deeds import Deeds
from server.content.schedules.running import Due
from server.content.schedules.service import Scheduling
from server.content.taking_down.service import TakingDown
from server.content.transfer.service import Transfer
from server.content.translations.service import Translations
from server.content.types import held as types
from server.content.types.changing import Change
from server.content.types.checking import Checks
from server.content.types.service import ContentTypeHistory, ContentTypeService
from server.content.where_used.service import References
from server.process.domains import Base, Crossings, Domain, Follower

CONTENT = content_service_pb2.DESCRIPTOR.services_by_name["ContentService"]
CONTENT_TYPES = content_type_service_pb2.DESCRIPTOR.services_by_name["ContentTypeService"]


def wire(base: Base, crossings: Crossings) -> Domain:
    database, paging = base.database, base.paging
    premises, publisher = Premises.of(base.processes), Publisher(files.publish, files.Pictures.from_settings(base.settings))
    renderer = Renderer(base.processes)
    checks = PublishChecks(database, base.processes, base.settings.public_url.rstrip("/"))
    checked = Checked(premises, renderer, checks)
    approved = Approved(database, premises, publisher, renderer, checks)
    tokens = Tokens.from_secrets(base.settings.jwt_secret, base.settings.jwt_previous_secret)
    previews = Previews(database, premises, publisher, renderer, crossings.people, tokens)
    merging, explaining = Merging(base.processes, premises.objects), Explaining(database, crossings.people)
    due = Due(database, premises, Deeds(approved, crossings.people, base.settings.redirect_hosts))
    forced = Forced(database, crossings.holders)
    file_imports = files.Imports.from_settings(base.settings, database, base.blobs, base.parsers)
    review, publishing = Review(database, paging, premises, checked), Publishing(approved)
    seconds = base.settings.call_deadline.total_seconds()
    content = (
        Documents(database, premises, renderer, merging),
        Merges(database, premises, merging),
        Presence(database, Presences(base.redis), crossings.people),
        Batches(database, premises.objects, review, publishing, explaining, base.rates, seconds),
        Lists(database, paging, premises.objects),
        review,
        Checking(database, premises, checked),
        Comments(database, paging),
        publishing,
        Swapping(database, premises, publisher, renderer),
        ReviewDates(database, premises),
        Translations(database, paging, premises),
        Scheduling(database, premises, renderer, checked, base.settings.redirect_hosts),
        TakingDown(database, premises, publisher, renderer, base.settings.redirect_hosts),
        Revisions(database, paging, premises.objects),
        Comparing(database, premises, renderer, base.processes),
        Drafts(database, premises, renderer),
        Deletion(database, premises),
        PreviewLinks(database, paging, tokens),
        References(database, paging),
        Transfer(database, premises, publisher, renderer, base.blobs, file_imports),
    )
    type_checks = Checks(database, base.processes)
    content_types = (
        ContentTypeService(database, paging, premises.schemas, Change(database, type_checks)),
        ContentTypeHistory(database, paging, premises.schemas, type_checks),
    )
    held = {types.CHANNEL: premises.content_types, organisations.CHANNEL: premises.reservations}
    return Domain(
        services={CONTENT: content, CONTENT_TYPES: content_types},
        jobs=(
            attachments.agreement(database),
            files.removal(database, base.blobs, attachments.is_named),
            due.job(),
            forced.job(),
            DueReviews(database, crossings.people).job(),
            *Refreshing(database, Pages(database, renderer, publisher.pictures)).jobs(),
        ),
        composers={
            kind: composer
            for each in (mails, review_mails, review_date_mails)
            for kind, composer in each.composers(base.settings.public_url).items()
        },
        explainers=dict.fromkeys((StaleEtag, MergeConflict), explaining.explain),
        followers=[Follower(channel, each.forget, each.resume) for channel, each in held.items()],
        retention=deletion.expired(),
        means=(premises, due, previews, forced),
    )
