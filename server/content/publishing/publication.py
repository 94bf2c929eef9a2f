"""A publication: what is to become public of a document, and as what."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from gazette.content.v1.document_pb2 import LiveState
from gazette.delivery.v1.page_pb2 import PageState
from server import audit, delivery
from server.content.change_notes.rules import History, Note
from server.content.failures import InvalidLocation
from server.content.transitions import NOTHING, NOWHERE, PUBLISHED, REDIRECTED, VANISHED, WITHDRAWN
from server.rpc.objects import Object
from server.stores.statements import Row

PAGE_STATES = {PUBLISHED: PageState.PAGE_STATE_PUBLISHED, WITHDRAWN: PageState.PAGE_STATE_WITHDRAWN}

NO_HISTORY = History()


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
