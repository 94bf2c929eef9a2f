"""WithdrawDocument, UnpublishDocument and RestoreDocument: what the public sees becomes another thing, beside publication."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from gazette.content.v1 import taking_down_pb2 as rpc
from gazette.content.v1.document_pb2 import Document
from server.content.documents import discarding, views
from server.content.documents.live import SHOWN
from server.content.documents.planned import NO_TAKING_DOWN
from server.content.documents.premises import Premises
from server.content.documents.queries import DOCUMENT
from server.content.documents.rules import Named, changeable, readable
from server.content.publishing.publisher import Published, Publisher
from server.content.publishing.queries import LIVE
from server.content.rendering import Renderer
from server.content.taking_down import asked, rules
from server.content.taking_down.changing import Changing, Wanted
from server.content.transitions import PUBLISH, RESTORE, VANISH, WITHDRAW
from server.rpc.call import Call
from server.stores.postgres import Database
from server.stores.statements import Row

CHANGED = (*LIVE, *NO_TAKING_DOWN, "version", "update_time")


class Done(NamedTuple):
    """What has become of a document."""

    document: Document
    record_number: int


@dataclass(frozen=True)
class TakingDown:
    """Pages that are taken down, and come back."""

    database: Database
    premises: Premises
    publisher: Publisher
    renderer: Renderer
    hosts: Collection[str]
    """Outside of the site, those to which readers may be led."""

    async def WithdrawDocument(self, request: rpc.WithdrawDocumentRequest, call: Call) -> rpc.WithdrawDocumentResponse:
        explanation = request.explanation
        html, notices = await self.renderer.explanation(explanation, call)
        wanted = Wanted(change=WITHDRAW, draft=request.draft, explanation=explanation, html_explanation=html)
        done = await self.done(request, wanted, call)
        return rpc.WithdrawDocumentResponse(**done._asdict(), notices=views.notices(notices))

    async def UnpublishDocument(self, request: rpc.UnpublishDocumentRequest, call: Call) -> rpc.UnpublishDocumentResponse:
        wanted, notices = await asked.wanted(request, request.draft, self.renderer, self.hosts, call)
        done = await self.done(request, wanted, call)
        return rpc.UnpublishDocumentResponse(**done._asdict(), notices=views.notices(notices))

    async def RestoreDocument(self, request: rpc.RestoreDocumentRequest, call: Call) -> rpc.RestoreDocumentResponse:
        done = await self.done(request, Wanted(change=RESTORE, draft=request.draft), call)
        return rpc.RestoreDocumentResponse(**done._asdict())

    async def done(self, named: Named, wanted: Wanted, call: Call) -> Done:
        changing = Changing(self.database, self.premises, self.renderer)

        async def attempt(anew: bool) -> Published | None:
            async with self.database.direct() as connection:
                found = readable(await SHOWN.first(connection, id=uuid.UUID(named.id)), call.caller)
                if rules.concerns_vanishing(found.live_state, wanted.change):
                    call.caller.require(VANISH, found.organisation_id)
                document = changeable(found, call.caller, PUBLISH, named)
                newest = await DOCUMENT.first(connection, id=document.id) if document.draft_state else None
                content_type = await self.premises.content_type(connection, document.content_type, anew=anew)
            if newest is not None and newest.version != document.version:
                return None
            if newest is not None and wanted.draft == rules.DISCARD:
                rules.step(document.live_state, wanted.change)
                await discarding.check_undone(self.premises, call.caller, content_type, newest, document)
            prepared = await changing.prepared(
                document, wanted, actor_id=call.caller.known_id, begin=call.start, call=call, anew=anew
            )
            publication, statement, parameters = prepared
            async with self.database.direct() as connection:
                published = await self.publisher.publish(connection, publication, statement, **parameters)
            if published is None or newest is None or not publication.draft_state:
                return published
            return published._replace(document=await self.with_draft(newest, published.document))

        published = await self.premises.settled(attempt)
        return Done(views.document(published.document), published.record_number)

    async def with_draft(self, newest: Row, changed: Row) -> Row:
        """The document as it stands where its draft was kept: what the public sees is new, what it says is the draft's."""
        shown: Row = await self.premises.objects.shown(newest)
        return shown._replace(**{name: getattr(changed, name) for name in CHANGED})
