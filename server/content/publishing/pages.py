"""What a publication makes of a document: its live side, and what its paths serve."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any, NamedTuple

from gazette.content.v1.document_pb2 import LiveState
from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from gazette.delivery.v1.page_pb2 import ClaimedTimes, Gone, Page, PageState, PageSummary, Redirect, Withdrawal
from gazette.record.v1.record_entry_pb2 import RecordEntryKind
from server import audit, delivery, record
from server.content.change_notes import rules as change_notes
from server.content.change_notes.rules import History, Note
from server.content.failures import InvalidLocation, TooLarge, Unpublishable
from server.content.transitions import GONE, NOTHING, NOWHERE, PUBLISHED, REDIRECTED, VANISHED, WITHDRAWN
from server.record import Place
from server.rpc.answers import MOST
from server.rpc.messages import message
from server.rpc.objects import Object
from server.stores.statements import Row

KINDS = {
    PUBLISHED: RecordEntryKind.RECORD_ENTRY_KIND_PUBLISHED,
    WITHDRAWN: RecordEntryKind.RECORD_ENTRY_KIND_WITHDRAWN,
    REDIRECTED: RecordEntryKind.RECORD_ENTRY_KIND_REDIRECTED,
    GONE: RecordEntryKind.RECORD_ENTRY_KIND_GONE,
    VANISHED: RecordEntryKind.RECORD_ENTRY_KIND_VANISHED,
}
PAGE_STATES = {PUBLISHED: PageState.PAGE_STATE_PUBLISHED, WITHDRAWN: PageState.PAGE_STATE_WITHDRAWN}

NO_HISTORY = History()

Put = tuple[dict[str, Any], dict[str, Any]]
"""An entry of the record, and the page by which its path serves what it says."""


class Left(NamedTuple):
    """A redirect that a move leaves at a path, or that an earlier one has left there."""

    path: str
    covers_prefix: bool
    preserves_suffix: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What is to become public of a document, and as what."""

    document: Row
    """As it will stand when it has been saved, with what its newest revision says: that becomes public."""
    state: LiveState.ValueType = PUBLISHED
    draft_state: int = NOTHING
    """What is left on the draft side."""
    is_minor: bool = False
    change_note: str = ""
    """What readers are told of the change."""
    claims: Sequence[Note] = ()
    """What they are told of changes that were made elsewhere."""
    history: History = NO_HISTORY
    """What they were told before."""
    is_block: bool = False
    """Whether it is shown within pages alone."""
    may_dangle: bool = False
    """Whether its links by id may lead to what comes later."""
    html: str = ""
    """The body as sanitised HTML; of what is no page, nothing."""
    html_details: Object | None = None
    """The details, where they hold HTML that had to be sanitised."""
    explanation: str = ""
    html_explanation: str = ""
    """The same, sanitised."""
    withdraw_time: datetime | None = None
    location: str = ""
    location_field: str = "document.location"
    """What the request calls it."""
    covers_prefix: bool = False
    preserves_suffix: bool = False
    claimed_first_publish_time: datetime | None = None
    claimed_public_update_time: datetime | None = None
    overridden_checks: Sequence[int] | None = ()
    """The publish checks that would have been in the way; None leaves those of what is live."""
    action: str
    """What the audit calls it."""
    details: Mapping[str, Any]
    """What else the audit is to know."""
    actor_id: uuid.UUID | None = None
    """Whose act it is, if not the caller's."""
    swaps_with: uuid.UUID | None = None
    """The document whose path it takes, and which takes its own: neither is in the way of the other, nor leaves a redirect."""
    begin: float
    """When it was asked for, by `time.perf_counter`."""

    def notes(self, time: datetime) -> list[Note]:
        """What is added to the history, if it becomes public at this time."""
        return [*self.claims, *([Note(time, self.change_note)] if self.change_note else [])]

    @property
    def is_page(self) -> bool:
        return self.state in PAGE_STATES

    @property
    def where(self) -> str:
        """The location as the public is told it. Raises InvalidLocation."""
        where = delivery.location(self.location) if self.location else ""
        if where is None:
            raise InvalidLocation
        return where

    @property
    def former_path(self) -> str | None:
        """Where the public has read the document so far, if that is elsewhere. Of what has vanished nobody is to know."""
        document = self.document
        if document.live_state in {NOWHERE, VANISHED} or document.live_path == document.path:
            return None
        former: str = document.live_path
        return former

    @property
    def leaves(self) -> Left:
        """What a move leaves at the former path: it holds for all below as long as the document itself does."""
        document = self.document
        is_prefix = document.covers_prefix and self.covers_prefix
        return Left(self.former_path or "", is_prefix, is_prefix and document.preserves_suffix and self.preserves_suffix)

    @property
    def covers_less(self) -> bool:
        """Whether less of what is below the document's paths is redirected than so far."""
        document = self.document
        return (document.covers_prefix and not self.covers_prefix) or (document.preserves_suffix and not self.preserves_suffix)

    @property
    def is_way(self) -> bool:
        """Whether it leads to another path of this site. Raises InvalidLocation."""
        return self.where.startswith("/") and self.state == REDIRECTED

    def event(self, record_number: int) -> dict[str, Any]:
        """The audit's event of it."""
        document = self.document
        return audit.event(
            self.action,
            document.id,
            actor_id=self.actor_id,
            organisation_id=document.organisation_id,
            path=document.path,
            revision=document.revision_number,
            record_number=record_number,
            **self.details,
        )


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
