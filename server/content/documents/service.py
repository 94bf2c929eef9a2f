"""Making, reading and changing documents, one at a time."""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import asyncpg

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_pb2 import Document, DraftState
from server.content import fields as content_fields
from server.content.blocks.rules import check_nesting
from server.content.checks.details import Verdicts
from server.content.documents import queries, rules, saving, views, writing
from server.content.documents.merges import Merges, Updated
from server.content.documents.page_sizes import check_page
from server.content.documents.premises import Premises, unchanged
from server.content.documents.sizes import is_counted
from server.content.documents.sources import with_basis
from server.content.documents.words import Words, rewritten, words_of
from server.content.failures import InvalidDetails, KeyOfAnother
from server.content.rendering import Renderer, Rendering
from server.rpc import http
from server.rpc.call import Call
from server.stores import idempotency
from server.stores.postgres import Database
from server.stores.statements import Row

WRITE = Permission.PERMISSION_DOCUMENTS_WRITE
DRAFT = DraftState.DRAFT_STATE_DRAFT


@dataclass(frozen=True)
class Documents:
    """Documents as editors write them."""

    database: Database
    premises: Premises
    renderer: Renderer
    merges: Merges

    async def CreateDocument(self, request: rpc.CreateDocumentRequest, call: Call) -> rpc.CreateDocumentResponse:
        organisation_id = rules.organisation(
            call.caller, request.document.organisation_id, WRITE, request.document.locale or content_fields.DEFAULT_LOCALE
        )
        wanted = request.document
        words, verdicts = words_of(wanted, await self.premises.objects.taken(wanted.details)), Verdicts()
        # No connection is held while something costly is checked or rendered.
        content_type = await self.premises.held_content_type(self.database, wanted.content_type)
        with suppress(InvalidDetails):
            await self.check(content_type, words, verdicts)
        rendering = await self.renderer.rendering(words, content_type.html_members, call=call)
        required = content_type.required_approvals
        async with self.database.direct() as connection:
            if idempotency.given_key(call):
                async with connection.transaction():
                    claim = await idempotency.claim(connection, call, request, rpc.CreateDocumentResponse)
                    time = claim.time
                    response = claim.answer or await self.create(
                        connection, wanted, words, verdicts, rendering, organisation_id, call, time, required=required
                    )
            else:
                response = await self.create(
                    connection, wanted, words, verdicts, rendering, organisation_id, call, required=required
                )
        http.created(call, f"/v1/documents/{response.document.id}")
        return response

    async def create(
        self,
        connection: asyncpg.Connection,
        wanted: Document,
        words: Words,
        verdicts: Verdicts,
        known: Rendering,
        organisation_id: uuid.UUID,
        call: Call,
        time: datetime | None = None,
        *,
        required: int,
    ) -> rpc.CreateDocumentResponse:
        """Makes the document, whose draft needs so many approvals. Where the transaction began at `time` and has claimed the
        call's key, the response is known beforehand, and stored with the document. Raises what stands in the way."""
        save = saving.first(wanted, words, organisation_id=organisation_id, author_id=call.caller.known_id, draft_state=DRAFT)
        save = save._replace(row=save.row._replace(required_approvals=required))
        save = await with_basis(connection, save, wanted)
        statement, more = writing.CREATION, saving.event("document.create", save.row)
        if time is not None:
            statement = writing.REMEMBERED_CREATION
            more |= idempotency.remembered(call, created(save.row._replace(create_time=time, update_time=time), known))

        async def attempt(anew: bool) -> Row | None:
            content_type = await self.premises.content_type(connection, wanted.content_type, anew=anew)
            await self.premises.field_permissions.check(call.caller, organisation_id, save.row.locale, content_type, words)
            await self.check(content_type, words, verdicts)
            generation = await self.premises.generation(connection, organisation_id, wanted.path, anew=anew)
            rendering = await self.renderer.rendering(words, content_type.html_members, known)
            check_nesting(content_type, rendering.html)
            await check_page(connection, words, rendering, organisation_id, save.row.locale)
            given = {**more, **unchanged(content_type, generation), **saving.rendered(rendering)}
            row = await save.stored(connection, statement, **given)
            if row is None and await writing.TRANSLATED_ELSEWHERE.value(connection, **save.parameters):
                raise KeyOfAnother
            return row

        return created(await self.premises.settled(attempt), known)

    async def check(self, content_type: Row, words: Words, verdicts: Verdicts, document_version: int = 0) -> None:
        """Raises InvalidDetails. The verdicts are of this call."""
        key = content_type.version, document_version
        await verdicts.once(key, partial(self.premises.schemas.check_draft, content_type, words["details"], words["body"]))

    async def GetDocument(self, request: rpc.GetDocumentRequest, call: Call) -> rpc.GetDocumentResponse:
        async with self.database.direct() as connection:
            row = await queries.DOCUMENT.first(connection, id=uuid.UUID(request.id))
        row = await self.premises.objects.shown(rules.readable(row, call.caller))
        return rpc.GetDocumentResponse(document=views.document(row), notices=views.notices(row.notices))

    async def UpdateDocument(self, request: rpc.UpdateDocumentRequest, call: Call) -> rpc.UpdateDocumentResponse:
        wanted = request.document
        fields = content_fields.document_fields(wanted, request.update_mask)
        details = await self.premises.objects.taken(wanted.details)
        verdicts = Verdicts()

        async def attempt(anew: bool) -> Updated | None:
            async with self.database.direct() as connection:
                found = await queries.DOCUMENT.first(connection, id=uuid.UUID(wanted.id))
                document, base = await self.begun(connection, found, request, call)
                content_type = await self.premises.content_type(connection, document.content_type, anew=anew)
            document = await self.premises.objects.current(document, content_type)
            if not is_counted(document.details) and (base is not None or "details" not in fields):
                document = await self.premises.objects.shown(document)
            told = None
            if base is None:
                words = rewritten(document, wanted, details, fields)
            else:
                base = await self.merges.in_terms(base, document, wanted, content_type)
                yours = rewritten(base, wanted, details, fields)
                words, told = await self.merges.saved(document, base, yours, wanted, call)
                if told.unchanged:
                    return Updated(document, told)
            await self.premises.field_permissions.check(
                call.caller, document.organisation_id, document.locale, content_type, words, document
            )
            await self.check(content_type, words, verdicts, document.version)
            save = saving.another(document, words, author_id=call.caller.known_id, draft_state=DRAFT)
            rendering = await self.renderer.rendering(words, content_type.html_members, call=call)
            check_nesting(content_type, rendering.html)
            merged = {} if told is None else {"merged_from": told.base_revision_number}
            more = {**saving.event("document.update", save.row, **merged), **saving.rendered(rendering)}
            async with self.database.direct() as connection:
                await check_page(connection, words, rendering, document.organisation_id, document.locale)
                generation = None  # what stays where it was may stay
                if save.row.path != document.path:
                    organisation_id = document.organisation_id
                    generation = await self.premises.generation(connection, organisation_id, save.row.path, anew=anew)
                row = await save.stored(connection, writing.UPDATE, **more, **unchanged(content_type, generation))
            return row and Updated(row._replace(notices=rendering.notices), told)

        if request.merge:
            row, told = await self.merges.settled(uuid.UUID(wanted.id), attempt, call)
        else:
            row, told = await self.premises.settled(attempt)
        if told is not None:
            self.merges.done(told)
        row = await self.premises.objects.shown(row)
        return rpc.UpdateDocumentResponse(document=views.document(row), notices=views.notices(row.notices), merged=told)

    async def begun(
        self, connection: asyncpg.Connection, found: Row | None, request: rpc.UpdateDocumentRequest, call: Call
    ) -> tuple[Row, Row | None]:
        """The document that was found, for a change, and what the caller began with if that is to be merged with it. Raises as
        `rules.changeable`."""
        if not request.merge:
            return rules.changeable(found, call.caller, WRITE, request.document), None
        document = rules.writable(found, call.caller, WRITE)
        return document, await self.merges.base(connection, document, request.document.etag)


def created(row: Row, rendering: Rendering) -> rpc.CreateDocumentResponse:
    return rpc.CreateDocumentResponse(document=views.document(row), notices=views.notices(rendering.notices))
