"""RestoreRevision and DiscardDraft: the newest revision says again what an earlier one said."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import partial

from gazette.content.v1 import revising_pb2 as rpc
from server.content.blocks.rules import check_nesting
from server.content.checks.details import Verdicts
from server.content.documents import discarding, saving, views, writing
from server.content.documents.live import SHOWN
from server.content.documents.page_sizes import check_page
from server.content.documents.premises import Premises, unchanged
from server.content.documents.queries import DOCUMENT
from server.content.documents.rules import changeable
from server.content.documents.saving import Save
from server.content.documents.words import WORDS
from server.content.failures import DocumentTooLarge, InvalidDetails, TooCostlyToRender, TooLarge, state_name
from server.content.rendering import Renderer
from server.content.revisions import queries, rules
from server.content.revisions.failures import RevisionNotFound, Unrestorable
from server.content.transitions import DISCARD, RESTORE_REVISION
from server.rpc.call import Call
from server.stores.parameters import named
from server.stores.postgres import Database
from server.stores.statements import Row


@dataclass(frozen=True)
class Drafts:
    """Drafts that say what was said before."""

    database: Database
    premises: Premises
    renderer: Renderer

    async def RestoreRevision(self, request: rpc.RestoreRevisionRequest, call: Call) -> rpc.RestoreRevisionResponse:
        verdicts = Verdicts()

        async def attempt(anew: bool) -> Row | None:
            async with self.database.direct() as connection:
                found = await DOCUMENT.first(connection, id=uuid.UUID(request.id))
                document = changeable(found, call.caller, RESTORE_REVISION.permission, request)
                state = rules.restore(document.draft_state)
                old = await queries.REVISION.first(connection, document_id=document.id, number=request.number)
                content_type = await self.premises.content_type(connection, document.content_type, anew=anew)
            if old is None or old.number is None:
                raise RevisionNotFound
            document = await self.premises.objects.current(document, content_type)
            old = await self.premises.objects.shown(await self.premises.objects.current(old, content_type))
            words = {name: getattr(old, name) for name in WORDS}
            if request.keep_path:
                words["path"] = document.path
            await self.premises.field_permissions.check(
                call.caller, document.organisation_id, document.locale, content_type, words, document
            )
            check = partial(self.premises.schemas.check_draft, content_type, words["details"], words["body"])
            await verdicts.once((content_type.version, 0), check)
            save = saving.another(
                document,
                words,
                author_id=call.caller.known_id,
                draft_state=state,
                restored_from=old.restored_from_revision_number or request.number,
            )
            rendering = await self.renderer.rendering(words, content_type.html_members, call=call)
            check_nesting(content_type, rendering.html)
            event = saving.event(RESTORE_REVISION.action, save.row, restored_from=request.number)
            async with self.database.direct() as connection:
                await check_page(connection, words, rendering, document.organisation_id, document.locale)
                generation = None  # what stays where it was may stay
                if save.row.path != document.path:
                    generation = await self.premises.generation(connection, document.organisation_id, save.row.path, anew=anew)
                given = {**event, **saving.rendered(rendering), **unchanged(content_type, generation)}
                row = await save.stored(connection, writing.UPDATE, **given)
            return row and row._replace(notices=rendering.notices)

        try:
            settled = await self.premises.settled(attempt)
        except (InvalidDetails, DocumentTooLarge, TooLarge, TooCostlyToRender) as failure:
            raise Unrestorable(failure) from failure
        row = await self.premises.objects.shown(settled)
        return rpc.RestoreRevisionResponse(document=views.document(row), notices=views.notices(row.notices))

    async def DiscardDraft(self, request: rpc.DiscardDraftRequest, call: Call) -> rpc.DiscardDraftResponse:
        async def attempt(anew: bool) -> Row | None:
            async with self.database.direct() as connection:
                found = await SHOWN.first(connection, id=uuid.UUID(request.id))
                document = changeable(found, call.caller, DISCARD.permission, request)
                state = rules.discard(document.live_state, document.draft_state)
                content_type = await self.premises.content_type(connection, document.content_type, anew=anew)
                newest = document
                if self.premises.field_permissions.closed(call.caller, document.organisation_id, document.locale, content_type):
                    newest = await DOCUMENT.first(connection, id=document.id)
            if newest is None or newest.version != document.version:
                return None
            if newest is not document:
                await discarding.check_undone(self.premises, call.caller, content_type, newest, document)
            async with self.database.direct() as connection:
                row = document._replace(
                    path=document.live_path,
                    version=document.version + 1,
                    revision_number=document.revision_number + 1,
                    draft_state=state,
                )
                told = {"state": state_name(document.draft_state), "revision": document.revision_number}
                columns = {"id": row.id, "version": document.version, "draft_state": state}
                given = named("document", columns) | discarding.parameters(row, call.caller.known_id)
                save = Save(row, given | saving.event(DISCARD.action, row, draft=told))
                return await save.stored(connection, queries.DISCARD)

        row = await self.premises.objects.shown(await self.premises.settled(attempt))
        return rpc.DiscardDraftResponse(document=views.document(row))
