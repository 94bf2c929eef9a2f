"""Publication: a revision becomes what the public sees, on the record and as a page, in the caller's transaction."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.content.v1.document_pb2 import LiveState
from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from gazette.delivery.v1.page_pb2 import (
    ClaimedTimes,
    Gone,
    Page,
    PageAttachment,
    PageLink,
    PageLinks,
    PageState,
    PageSummary,
    Redirect,
    Withdrawal,
)
from gazette.record.v1.record_entry_pb2 import RecordEntryKind
from server import audit
from server.content import failures
from server.content.documents import queries as document_queries
from server.content.documents.saving import Words
from server.content.publishing import rendering, rules
from server.content.review import rules as review_rules
from server.delivery.pages import queries as delivery
from server.record import log as record
from server.record.log import Place
from server.rpc.messages import message
from server.stores.postgres import AnyRow

PublishFiles = Callable[[AsyncConnection, Sequence[uuid.UUID], uuid.UUID, datetime], Awaitable[Sequence[AnyRow]]]
"""Makes files of an organisation public, and answers those that it has, in the order of the ids."""

PUBLISHED = LiveState.LIVE_STATE_PUBLISHED
WITHDRAWN = LiveState.LIVE_STATE_WITHDRAWN
REDIRECTED = LiveState.LIVE_STATE_REDIRECTED
GONE = LiveState.LIVE_STATE_GONE

KINDS = {
    PUBLISHED: RecordEntryKind.RECORD_ENTRY_KIND_PUBLISHED,
    WITHDRAWN: RecordEntryKind.RECORD_ENTRY_KIND_WITHDRAWN,
    REDIRECTED: RecordEntryKind.RECORD_ENTRY_KIND_REDIRECTED,
    GONE: RecordEntryKind.RECORD_ENTRY_KIND_GONE,
}
PAGE_STATES = {PUBLISHED: PageState.PAGE_STATE_PUBLISHED, WITHDRAWN: PageState.PAGE_STATE_WITHDRAWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What is to become public of a document, and as what."""

    document: AnyRow
    """Its locked row; the newest revision is what becomes public."""
    words: Words
    """What that revision says."""
    content_type: AnyRow
    state: LiveState.ValueType = PUBLISHED
    is_minor: bool = False
    explanation: str = ""
    withdraw_time: datetime | None = None
    location: str = ""
    covers_prefix: bool = False
    preserves_suffix: bool = False
    claimed_first_publish_time: datetime | None = None
    claimed_public_update_time: datetime | None = None
    event: Mapping[str, Any]
    """`action` and what else the audit is to know."""


async def publish(connection: AsyncConnection, publication: Publication, publish_files: PublishFiles) -> None:
    """Raises PathTaken, AttachmentNotFound, RedirectLoop."""
    document, path = publication.document, publication.words["path"]
    former = document.live_path if document.live_state and document.live_path != path else None
    rules.check_redirect(publication.state, path, former, publication.location, preserves_suffix=publication.preserves_suffix)
    content = await drawn(connection, publication, publish_files) if publication.state in PAGE_STATES else {}

    # From here on all other publications wait.
    place = await record.reserve(connection)
    await refuse_taken(connection, document, path)
    times = {
        "publish_time": place.record_time,
        "first_publish_time": document.first_publish_time or place.record_time,
        "public_update_time": (document.public_update_time if publication.is_minor else None) or place.record_time,
    }
    await put(connection, publication, place, path, publication.state, answer(publication, content, place, times))
    if former is not None:
        await leave_redirect(connection, publication, former, path)
    await document_queries.update_document(
        connection,
        document,
        draft_state=review_rules.NOTHING,
        live_state=publication.state,
        live_revision_number=document.revision_number,
        live_path=path,
        record_number=place.number,
        explanation=publication.explanation or None,
        withdraw_time=publication.withdraw_time or (place.record_time if publication.state == WITHDRAWN else None),
        location=publication.location or None,
        covers_prefix=publication.covers_prefix,
        preserves_suffix=publication.preserves_suffix,
        claimed_first_publish_time=publication.claimed_first_publish_time,
        claimed_public_update_time=publication.claimed_public_update_time,
        **times,
    )
    told = {"organisation_id": document.organisation_id, "revision": document.revision_number, "record_number": place.number}
    await audit.add(connection, target=document.id, path=path, **told, **publication.event)


async def drawn(connection: AsyncConnection, publication: Publication, publish_files: PublishFiles) -> dict[str, Any]:
    """What is costly about a page: its HTML, its links and its files."""
    document, words = publication.document, publication.words
    html, details = await rendering.render(
        words["body"], words["body_format"], words["details"], publication.content_type.html_members
    )
    ids = words["attachments"]
    files = await publish_files(connection, ids, document.organisation_id, datetime.now(UTC)) if ids else []
    if missing := [id for id in ids if id not in {file.id for file in files}]:
        raise failures.AttachmentNotFound(missing)
    return {
        "html": html,
        "details": details,
        "links": await expanded(connection, words["links"], document.locale),
        "attachments": [message(PageAttachment, file) for file in files],
    }


async def expanded(connection: AsyncConnection, links: Mapping[str, Sequence[str]], locale: str) -> dict[str, PageLinks]:
    """The pages behind translation keys, by kind of link; what is not live is left out."""
    keys = {uuid.UUID(key) for targets in links.values() for key in targets}
    found = await delivery.links(connection, keys, locale) if keys else {}
    live = {str(key): message(PageLink, row) for key, row in found.items()}
    expanded = {kind: PageLinks(pages=[live[key] for key in targets if key in live]) for kind, targets in links.items()}
    return {kind: links for kind, links in expanded.items() if links.pages}


async def refuse_taken(connection: AsyncConnection, document: AnyRow, path: str) -> None:
    """Raises PathTaken where another document stands; what only leads elsewhere may be overwritten."""
    standing = await delivery.page(connection, path, document.locale)
    if standing is None or standing.document_id == document.id:
        return
    if not GetPageResponse.FromString(standing.answer).HasField("redirect"):
        raise failures.PathTaken(path, document.locale)


def answer(publication: Publication, content: dict[str, Any], place: Place, times: dict[str, datetime]) -> GetPageResponse:
    """What the path is to serve."""
    explanation = rendering.sanitised(publication.explanation)
    if publication.state == REDIRECTED:
        return GetPageResponse(redirect=Redirect(location=publication.location, record_number=place.number))
    if publication.state == GONE:
        gone = Gone(explanation=explanation, alternative_path=publication.location, record_number=place.number)
        return GetPageResponse(gone=gone)
    document, words = publication.document, publication.words
    withdrawal = message(Withdrawal, explanation=explanation, withdraw_time=publication.withdraw_time or place.record_time)
    claimed = message(
        ClaimedTimes,
        first_publish_time=publication.claimed_first_publish_time,
        public_update_time=publication.claimed_public_update_time,
    )
    page = message(
        Page,
        document,
        **content,
        **times,
        **{name: words[name] for name in ("path", "title", "summary", "tags")},
        document_id=document.id,
        state=PAGE_STATES[publication.state],
        withdrawal=withdrawal if publication.state == WITHDRAWN else None,
        claimed_times=claimed if claimed.ListFields() else None,
        record_number=place.number,
    )
    return GetPageResponse(page=page)


async def leave_redirect(connection: AsyncConnection, publication: Publication, former: str, path: str) -> None:
    """A redirect at the path that the document moves away from, unless another document has taken it over."""
    standing = await delivery.page(connection, former, publication.document.locale)
    if standing is None or standing.document_id == publication.document.id:
        place = await record.reserve(connection)
        redirect = GetPageResponse(redirect=Redirect(location=path, record_number=place.number))
        await put(connection, publication, place, former, REDIRECTED, redirect)


async def put(
    connection: AsyncConnection,
    publication: Publication,
    place: Place,
    path: str,
    state: LiveState.ValueType,
    answer: GetPageResponse,
) -> None:
    """Makes this what the path serves, and puts that on the record."""
    document = publication.document
    is_own_redirect = publication.state == REDIRECTED and path == publication.words["path"]
    covers_prefix = publication.covers_prefix and is_own_redirect
    stored = answer.SerializeToString()
    where: dict[str, Any] = {"path": path, "locale": document.locale, "organisation_id": document.organisation_id}
    await record.append(
        connection,
        place,
        KINDS[state],
        document_id=document.id,
        revision_number=document.revision_number,
        answer=stored,
        covers_prefix=covers_prefix,
        **where,
    )
    await delivery.put(
        connection,
        **where,
        record_number=place.number,
        document_id=document.id,
        translation_key=document.translation_key,
        content_type=document.content_type,
        title=publication.words["title"],
        publish_time=place.record_time,
        answer=stored,
        summary=message(PageSummary, answer.page).SerializeToString() if answer.HasField("page") else None,
        covers_prefix=covers_prefix,
        preserves_suffix=covers_prefix and publication.preserves_suffix,
    )
