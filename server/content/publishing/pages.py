"""What a publication makes of a document: its live side, and what its paths serve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from time import perf_counter
from typing import Any

from gazette.content.v1.document_pb2 import LiveState
from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from gazette.delivery.v1.page_pb2 import ClaimedTimes, Gone, Page, PageSummary, Redirect, Withdrawal
from gazette.record.v1.record_entry_pb2 import RecordEntryKind
from server import delivery, record
from server.content.change_notes import rules as change_notes
from server.content.failures import TooLarge, Unpublishable
from server.content.publishing.publication import PAGE_STATES, Left, Publication
from server.content.transitions import GONE, PUBLISHED, REDIRECTED, VANISHED, WITHDRAWN
from server.record import Place
from server.rpc.answers import MOST
from server.rpc.messages import message

KINDS = {
    PUBLISHED: RecordEntryKind.RECORD_ENTRY_KIND_PUBLISHED,
    WITHDRAWN: RecordEntryKind.RECORD_ENTRY_KIND_WITHDRAWN,
    REDIRECTED: RecordEntryKind.RECORD_ENTRY_KIND_REDIRECTED,
    GONE: RecordEntryKind.RECORD_ENTRY_KIND_GONE,
    VANISHED: RecordEntryKind.RECORD_ENTRY_KIND_VANISHED,
}

Put = tuple[dict[str, Any], dict[str, Any]]
"""An entry of the record, and the page by which its path serves what it says."""


def served(
    publication: Publication, content: Mapping[str, Any], place: Place, left: Sequence[Left]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The columns of the document's live side; and what a statement is given so that the document's path serves it, and what it
    has left at other paths leads to it."""
    live = live_side(publication, place)
    if publication.state == VANISHED:
        return live, vanished(publication, place, left)
    parts = [put(publication, place, publication.document.path, publication.state, answer(publication, content, place, live))]
    return live, parameters(*parts, *redirects(publication, place.next(), left))


def vanished(publication: Publication, place: Place, left: Sequence[Left]) -> dict[str, Any]:
    """What a statement is given so that neither the document's path nor what it has left at others serves anything."""
    document, entries = publication.document, []
    for path in (document.path, *(each.path for each in left)):
        where = {"path": path, "locale": document.locale, "organisation_id": document.organisation_id}
        entries.append(
            record.entry(
                place,
                KINDS[VANISHED],
                **where,
                document_id=document.id,
                revision_number=document.revision_number,
                answer=GetPageResponse().SerializeToString(),
            )
        )
        place = place.next()
    return record.parameters(*entries) | delivery.removal(document.translation_key)


def redirects(publication: Publication, place: Place, left: Sequence[Left]) -> Iterator[Put]:
    """What makes each of these lead to the document's path, from this place of the record on."""
    for each in left:
        redirect = Redirect(location=publication.document.path, record_number=place.number)
        answered = delivery.located(GetPageResponse(redirect=redirect), publication.document.locale)
        yield put(publication, place, each.path, REDIRECTED, answered, left=each)
        place = place.next()


def parameters(*parts: Put) -> dict[str, Any]:
    """What a statement that publishes is given of what it puts."""
    entries, pages = zip(*parts, strict=True)
    return record.parameters(*entries) | delivery.parameters(*pages)


def live_side(publication: Publication, place: Place) -> dict[str, Any]:
    document, time = publication.document, place.record_time
    return {
        "draft_state": publication.draft_state,
        "live_state": publication.state,
        "live_revision_number": document.revision_number,
        "live_path": document.path,
        "record_number": place.number,
        "publish_duration": timedelta(seconds=perf_counter() - publication.begin),
        "publish_time": time,
        "first_publish_time": document.first_publish_time or time,
        "public_update_time": (document.public_update_time if publication.is_minor else None) or time,
        "claimed_first_publish_time": publication.claimed_first_publish_time,
        "claimed_public_update_time": publication.claimed_public_update_time,
        "explanation": publication.explanation or None,
        "withdraw_time": publication.withdraw_time or (time if publication.state == WITHDRAWN else None),
        "location": publication.location or None,
        "covers_prefix": publication.covers_prefix,
        "preserves_suffix": publication.preserves_suffix,
        "overridden_checks": overridden(publication),
    }


def overridden(publication: Publication) -> list[int] | None:
    if publication.overridden_checks is None:
        known: list[int] | None = publication.document.overridden_checks
        return known
    return [*publication.overridden_checks] or None


def answer(publication: Publication, content: Mapping[str, Any], place: Place, live: Mapping[str, Any]) -> GetPageResponse:
    """What the path is to serve."""
    explanation = publication.html_explanation
    if publication.state == REDIRECTED:
        redirect = Redirect(location=publication.where, record_number=place.number)
        return delivery.located(GetPageResponse(redirect=redirect), publication.document.locale)
    if publication.state == GONE:
        gone = Gone(explanation=explanation, alternative_path=publication.where, record_number=place.number)
        return delivery.located(GetPageResponse(gone=gone), publication.document.locale)
    claimed = message(
        ClaimedTimes,
        first_publish_time=publication.claimed_first_publish_time,
        public_update_time=publication.claimed_public_update_time,
    )
    withdrawal = None
    if publication.state == WITHDRAWN:
        withdrawal = message(Withdrawal, explanation=explanation, withdraw_time=live["withdraw_time"])
    history, earlier_count = change_notes.shown(publication.history.after(publication.notes(place.record_time)))
    page = message(
        Page,
        publication.document,
        **content,
        change_history=history,
        earlier_change_count=earlier_count,
        **{name: live[name] for name in ("publish_time", "first_publish_time", "public_update_time")},
        document_id=publication.document.id,
        state=PAGE_STATES[publication.state],
        withdrawal=withdrawal,
        claimed_times=claimed if claimed.ListFields() else None,
        record_number=place.number,
    )
    return GetPageResponse(page=page)


def put(
    publication: Publication,
    place: Place,
    path: str,
    state: LiveState.ValueType,
    answer: GetPageResponse,
    *,
    left: Left | None = None,
) -> Put:
    """The record's entry and the page by which the path serves this."""
    document = publication.document
    covering = left or publication
    covers_prefix = covering.covers_prefix
    stored = serialised(answer)
    where: dict[str, Any] = {
        "path": path,
        "locale": document.locale,
        "organisation_id": document.organisation_id,
        "document_id": document.id,
    }
    entry = record.entry(
        place, KINDS[state], **where, revision_number=document.revision_number, answer=stored, covers_prefix=covers_prefix
    )
    is_listed = answer.HasField("page") and not publication.is_block
    page = where | {
        "record_number": place.number,
        "translation_key": document.translation_key,
        "content_type": document.content_type,
        "title": document.title,
        "publish_time": place.record_time,
        "first_publish_time": document.first_publish_time or place.record_time,
        "answer": stored,
        "summary": message(PageSummary, answer.page).SerializeToString() if is_listed else None,
        "covers_prefix": covers_prefix,
        "preserves_suffix": covers_prefix and covering.preserves_suffix,
        "is_block": publication.is_block,
    }
    return entry, page


def serialised(answer: GetPageResponse) -> bytes:
    """As it is stored and sent. Raises Unpublishable."""
    stored: bytes = answer.SerializeToString()
    if len(stored) > MOST:  # its links and files may have grown since they were counted
        raise Unpublishable(TooLarge("document", f"would make an answer of {len(stored)} bytes, and may make {MOST}"))
    return stored
