"""What a change of what the public sees comes to: decided and made ready here, and written by the Publisher.

Whoever has a transaction of their own, with the record's lock, hands what is `prepared` to `Publisher.put`, with who acts. All
that is costly is done by then.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import asyncpg

from gazette.content.v1.taking_down_pb2 import DraftHandling
from server import record
from server.content.blocks.use import check_unused
from server.content.change_notes import rules as change_notes
from server.content.documents import discarding
from server.content.documents.planned import NO_TAKING_DOWN
from server.content.documents.premises import Premises, unchanged
from server.content.documents.rendered import rendered
from server.content.failures import live_state_name, state_name
from server.content.publishing.publication import PAGE_STATES, Publication
from server.content.rendering import Renderer, Rendering
from server.content.taking_down import queries, rules
from server.content.taking_down.failures import NeverAPage
from server.content.transitions import PUBLISHED, VANISHED, WITHDRAWN, Verb
from server.rpc.call import Call
from server.stores.postgres import Database
from server.stores.statements import Row, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A change that somebody asks for."""

    change: Verb
    draft: DraftHandling.ValueType
    explanation: str = ""
    html_explanation: str = ""
    """The same, sanitised."""
    location: str = ""
    location_field: str = ""
    """What the request calls it."""
    covers_prefix: bool = False
    preserves_suffix: bool = False
    reason: str = ""
    """On what grounds something vanishes."""


class Prepared(NamedTuple):
    """A change that is ready to be written."""

    publication: Publication
    statement: Statement
    parameters: Mapping[str, Any]
    """What the statement is given beside what the publication says."""


@dataclass(frozen=True)
class Changing:
    """Makes changes ready."""

    database: Database
    premises: Premises
    renderer: Renderer

    async def prepared(
        self, document: Row, wanted: Wanted, *, actor_id: uuid.UUID, begin: float, call: Call | None = None, anew: bool = False
    ) -> Prepared:
        """What is to be written, given the document as SHOWN has it. No connection is to be held meanwhile. `begin` is
        when it was asked for, by `time.perf_counter`; `anew` as `Attempt`. Raises WrongLiveState, DraftInTheWay, NeverAPage,
        PathReserved, Unpublishable, BlockInUse."""
        state = rules.step(document.live_state, wanted.change)
        draft_state = rules.draft_left(document.draft_state, wanted.draft)
        is_discarding = draft_state != document.draft_state
        async with self.database.direct() as connection:
            if state in PAGE_STATES and document.live_state not in PAGE_STATES:
                await self.check_was_page(connection, document)
            content_type = await self.premises.content_type(connection, document.content_type, anew=anew)
            if content_type.is_block and state != PUBLISHED:
                await check_unused(connection, document)
            generation = await self.generation(connection, document, wanted, anew=anew)
        document = await self.premises.objects.current(document, content_type)
        rendering = Rendering("", None, b"")
        if state in PAGE_STATES:
            rendering = await rendered(self.renderer, self.premises, document, content_type, call)
        document = await self.premises.objects.shown(document)
        number = document.revision_number + 1 if is_discarding else document.live_revision_number
        if is_discarding:  # the newest revision becomes one that was saved when the live one was
            document = document._replace(moved_version=document.moves[-1]["version"] if document.moves else None)
        publication = Publication(
            overridden_checks=None,
            document=document._replace(
                path=document.live_path, revision_number=number, version=document.version + 1, **NO_TAKING_DOWN
            ),
            state=state,
            draft_state=draft_state,
            is_minor=True,
            is_block=content_type.is_block,
            history=change_notes.read(document.change_history_so_far),
            html=rendering.html,
            html_details=rendering.html_details,
            explanation=wanted.explanation,
            html_explanation=wanted.html_explanation,
            withdraw_time=document.withdraw_time if document.live_state == state == WITHDRAWN else None,
            location=wanted.location,
            location_field=wanted.location_field,
            covers_prefix=wanted.covers_prefix,
            preserves_suffix=wanted.preserves_suffix,
            claimed_first_publish_time=document.claimed_first_publish_time,
            claimed_public_update_time=document.claimed_public_update_time,
            action=wanted.change.action,
            details=told(document, wanted),
            actor_id=actor_id,
            begin=begin,
        )
        given = {"document_id": document.id, "document_version": document.version, **unchanged(content_type, generation)}
        if is_discarding:
            given |= discarding.parameters(publication.document, actor_id)
        return Prepared(publication, statement(state, is_discarding=is_discarding), given)

    async def check_was_page(self, connection: asyncpg.Connection, document: Row) -> None:
        """Raises NeverAPage where the public has not seen what the document is to show."""
        shown, live = await record.last_shown(connection, document.id), document.live_revision_number
        if shown == live:
            return
        if not shown or not await queries.SAY_THE_SAME.value(connection, document_id=document.id, one=shown, other=live):
            raise NeverAPage

    async def generation(self, connection: asyncpg.Connection, document: Row, wanted: Wanted, *, anew: bool) -> int | None:
        """The reservations of paths by which it may be there; None for what stays where it was, which it may. Raises
        PathReserved."""
        if document.live_state != VANISHED and wanted.covers_prefix <= document.covers_prefix:
            return None
        return await self.premises.generation(
            connection, document.organisation_id, document.live_path, with_all_below=wanted.covers_prefix, anew=anew
        )


def statement(state: int, *, is_discarding: bool) -> Statement:
    if state == VANISHED:
        return queries.VANISHING_DISCARDING if is_discarding else queries.VANISHING
    return queries.CHANGE_DISCARDING if is_discarding else queries.CHANGE


def told(document: Row, wanted: Wanted) -> dict[str, Any]:
    """What the audit is to know of it."""
    details: dict[str, Any] = {
        "before": {"live_state": live_state_name(document.live_state)},
        "after": {"live_state": live_state_name(rules.step(document.live_state, wanted.change))},
    }
    if document.draft_state:
        details["draft"] = {
            "state": state_name(document.draft_state),
            "revision": document.revision_number,
            "became": "discarded" if wanted.draft == rules.DISCARD else "kept",
        }
    details |= {name: value for name in ("location", "reason") if (value := getattr(wanted, name))}
    if wanted.covers_prefix:
        details |= {"covers_prefix": True, "preserves_suffix": wanted.preserves_suffix}
    return details
