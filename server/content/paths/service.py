"""SwapPaths: two documents change places."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import asyncpg

from gazette.content.v1 import paths_pb2 as rpc
from server import record
from server.content.change_notes import rules as change_notes
from server.content.documents import saving, views
from server.content.documents.premises import Premises, unchanged
from server.content.documents.rendered import rendered
from server.content.documents.rules import changeable, readable
from server.content.documents.saving import Save
from server.content.paths import queries, rules
from server.content.paths.failures import OneDocument
from server.content.publishing.publication import Publication
from server.content.publishing.publisher import Overtaken, Publisher, Shown
from server.content.publishing.queries import APPROVED
from server.content.rendering import Renderer
from server.content.transitions import SWAP_OF_DRAFTS, SWAP_OF_PAGES, WITHDRAWN, WRITE, after
from server.rpc.call import Call
from server.stores.parameters import named
from server.stores.postgres import Database
from server.stores.statements import Row

ACTION = SWAP_OF_PAGES.action
"""Of either swap."""


@dataclass
class Named:
    """One of the two, as the request names it."""

    id: str
    etag: str


class Swapped(NamedTuple):
    """Both, as they stand now."""

    documents: Sequence[Row]
    record_number: int = 0


class Side(NamedTuple):
    """One of the two, and where it is to be."""

    document: Row
    """As it was found."""
    path: str
    other_id: uuid.UUID
    generation: int
    """Of the reservations by which its organisation may be there."""

    @property
    def moved(self) -> Row:
        return self.document._replace(
            path=self.path, version=self.document.version + 1, revision_number=self.document.revision_number + 1
        )

    def details(self) -> dict[str, Any]:
        """What the audit is to know beside the new path."""
        return {"with": str(self.other_id), "before": {"path": self.document.path}}

    def copy(self, author_id: uuid.UUID) -> dict[str, Any]:
        """What a statement is given of the revision that says where the document is."""
        moved = named("document", {"path": self.path, "revision_number": self.moved.revision_number})
        number = self.document.revision_number
        return {**moved, **saving.copy(self.moved, author_id, number), "copy_restored_from_revision_number": None}


class Ready(NamedTuple):
    """A page that is to be at the other's path: what is written there, and what was made for it before."""

    publication: Publication
    shown: Shown
    parameters: dict[str, Any]


@dataclass(frozen=True)
class Swapping:
    """Paths that change hands."""

    database: Database
    premises: Premises
    publisher: Publisher
    renderer: Renderer

    async def SwapPaths(self, request: rpc.SwapPathsRequest, call: Call) -> rpc.SwapPathsResponse:
        both = (Named(request.id, request.etag), Named(request.other_id, request.other_etag))
        if uuid.UUID(request.id) == uuid.UUID(request.other_id):
            raise OneDocument

        async def attempt(anew: bool) -> Swapped | None:
            async with self.database.direct() as connection:
                found = [await APPROVED.first(connection, id=uuid.UUID(each.id)) for each in both]
                for row in found:
                    readable(row, call.caller)
                one, other = (changeable(row, call.caller, WRITE, each) for row, each in zip(found, both, strict=True))
                verb = rules.swap(one, other)
                for each, to in ((one, other), (other, one)):
                    call.caller.require(verb.permission, each.organisation_id, each.locale)
                    content_type = await self.premises.content_type(connection, each.content_type, anew=anew)
                    await self.premises.field_permissions.check_move(call.caller, content_type, each, to.path)
                sides = [
                    Side(
                        each,
                        to.path,
                        to.id,
                        await self.premises.generation(connection, each.organisation_id, to.path, anew=anew),
                    )
                    for each, to in ((one, other), (other, one))
                ]
            try:
                return await (self.drafted(sides, call) if verb is SWAP_OF_DRAFTS else self.published(sides, call, anew=anew))
            except Overtaken:
                return None

        swapped = await self.premises.settled(attempt)
        one, other = [views.document(await self.premises.objects.shown(each)) for each in swapped.documents]
        return rpc.SwapPathsResponse(document=one, other=other, record_number=swapped.record_number)

    async def drafted(self, sides: Sequence[Side], call: Call) -> Swapped:
        """Swaps two that were never public. Raises Overtaken."""
        author_id, rows = call.caller.known_id, []
        async with self.database.direct() as connection, connection.transaction(), parked(connection, sides):
            for side in sides:
                row = side.moved._replace(draft_state=after(side.document.draft_state, SWAP_OF_DRAFTS))
                given = side.copy(author_id) | {"document_id": row.id, "document_version": row.version - 1}
                given |= {"document_draft_state": row.draft_state, "path_generation": side.generation}
                save = Save(row, given | saving.event(ACTION, row, **side.details()))
                rows.append(await save.stored(connection, queries.DRAFT))
                if rows[-1] is None:
                    raise Overtaken
        return Swapped(rows)

    async def published(self, sides: Sequence[Side], call: Call, *, anew: bool) -> Swapped:
        """Swaps two pages. Raises Overtaken, and what publication does."""
        ready = [await self.ready(side, call, anew=anew) for side in sides]
        rows, number = [], 0
        async with self.database.direct() as connection, record.locked(connection), parked(connection, sides):
            for publication, shown, parameters in ready:
                published = await self.publisher.put(connection, publication, queries.PAGE, shown, parameters)
                rows.append(published.document)
                number = published.record_number
        return Swapped(rows, number)

    async def ready(self, side: Side, call: Call, *, anew: bool) -> Ready:
        """Makes what is costly. No connection is held meanwhile."""
        async with self.database.direct() as connection:
            content_type = await self.premises.content_type(connection, side.document.content_type, anew=anew)
        found = await self.premises.objects.current(side.document, content_type)
        rendering = await rendered(self.renderer, self.premises, found, content_type, call)
        explanation = found.explanation or ""
        html_explanation, _ = await self.renderer.explanation(explanation, call)
        publication = Publication(
            document=await self.premises.objects.shown(await self.premises.objects.current(side.moved, content_type)),
            state=found.live_state,
            is_minor=True,
            is_block=content_type.is_block,
            history=change_notes.read(found.change_history_so_far),
            overridden_checks=None,
            html=rendering.html,
            html_details=rendering.html_details,
            explanation=explanation,
            html_explanation=html_explanation,
            withdraw_time=found.withdraw_time if found.live_state == WITHDRAWN else None,
            claimed_first_publish_time=found.claimed_first_publish_time,
            claimed_public_update_time=found.claimed_public_update_time,
            action=ACTION,
            details=side.details(),
            swaps_with=side.other_id,
            begin=call.start,
        )
        async with self.database.direct() as connection:
            shown = await self.publisher.shown(connection, publication)
        given = {"document_id": found.id, "document_version": found.version, **side.copy(call.caller.known_id)}
        return Ready(publication, shown, given | unchanged(content_type, side.generation))


@asynccontextmanager
async def parked(connection: asyncpg.Connection, sides: Sequence[Side]) -> AsyncIterator[None]:
    """Within a transaction: both locked as they were found, and the second one's path free for the first. Raises Overtaken."""
    rows = await queries.LOCKED.all(connection, ids=[side.document.id for side in sides])
    if {(row.id, row.version) for row in rows} != {(side.document.id, side.document.version) for side in sides}:
        raise Overtaken
    await queries.PARKED.run(connection, parked_id=sides[1].document.id)
    yield
