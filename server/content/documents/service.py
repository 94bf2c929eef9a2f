"""Making, reading and changing documents."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import asyncpg

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_pb2 import Document, DocumentView, DraftState
from server.content import fields as content_fields
from server.content.blocks.rules import check_nesting
from server.content.checks.details import Verdicts
from server.content.documents import queries, rules, saving, views, walks, writing
from server.content.documents.page_sizes import check_page
from server.content.documents.premises import Premises, unchanged
from server.content.documents.sizes import is_counted
from server.content.documents.words import Words, rewritten, words_of
from server.content.failures import InvalidDetails, KeyOfAnother
from server.content.rendering import Renderer, Rendering
from server.rpc import http
from server.rpc.answers import Room
from server.rpc.call import Call
from server.rpc.lists.paging import Paging
from server.stores import idempotency
from server.stores.postgres import Database
from server.stores.statements import Row

WRITE = Permission.PERMISSION_DOCUMENTS_WRITE
DRAFT = DraftState.DRAFT_STATE_DRAFT
PAGE_SIZE = 50
AT_ONCE = 20
"""Documents that are shown in one turn of the event loop: each may have thousands of links."""
EQUAL = ("content_type", "locale", "draft_state", "live_state")
"""Filters of ListDocuments that are compared as they are."""


@dataclass(frozen=True)
class Documents:
    """Documents as editors write them."""

    database: Database
    paging: Paging
    premises: Premises
    renderer: Renderer

    async def CreateDocument(self, request: rpc.CreateDocumentRequest, call: Call) -> rpc.CreateDocumentResponse:
        organisation_id = rules.organisation(call.caller, request.document.organisation_id, WRITE)
        wanted = request.document
        words, verdicts = words_of(wanted, await self.premises.objects.taken(wanted.details)), Verdicts()
        # No connection is held while something costly is checked or rendered.
        content_type = await self.premises.held_content_type(self.database, wanted.content_type)
        with suppress(InvalidDetails):
            await self.check(content_type, words, verdicts)
        rendering = await self.renderer.rendering(words, content_type.html_members, call=call)
        async with self.database.direct() as connection:
            if idempotency.given_key(call):
                async with connection.transaction():
                    claim = await idempotency.claim(connection, call, request, rpc.CreateDocumentResponse)
                    time = claim.time
                    response = claim.answer or await self.create(
                        connection, wanted, words, verdicts, rendering, organisation_id, call, time
                    )
            else:
                response = await self.create(connection, wanted, words, verdicts, rendering, organisation_id, call)
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
    ) -> rpc.CreateDocumentResponse:
        """Makes the document. Where the transaction began at `time` and has claimed the call's key, the response is known
        beforehand, and stored with the document. Raises what stands in the way."""
        save = saving.first(wanted, words, organisation_id=organisation_id, author_id=call.caller.known_id, draft_state=DRAFT)
        statement, more = writing.CREATION, saving.event("document.create", save.row)
        if time is not None:
            statement = writing.REMEMBERED_CREATION
            more |= idempotency.remembered(call, created(save.row._replace(create_time=time, update_time=time), known))

        async def attempt(anew: bool) -> Row | None:
            content_type = await self.premises.content_type(connection, wanted.content_type, anew=anew)
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

    async def ListDocuments(self, request: rpc.ListDocumentsRequest, call: Call) -> rpc.ListDocumentsResponse:
        page = self.paging.page(request, call.caller.known_id, PAGE_SIZE)
        given: dict[str, Any] = {name: value for name in EQUAL if (value := getattr(request, name))}
        whose = rules.listed(call.caller, request.organisation_id)
        if whose is not None:  # of one alone, PostgreSQL finds the newest at the end of an index
            given |= {"organisation_id": whose[0]} if len(whose) == 1 else {"organisations": whose}
        is_full = request.view == DocumentView.DOCUMENT_VIEW_FULL
        async with self.database.direct() as connection:
            part = await walks.walk(connection, request.order_by, given, is_full=is_full).part(page)
        response, room = rpc.ListDocumentsResponse(), Room()
        for at, row in enumerate(part.rows):
            document = views.document(await self.premises.objects.shown(row)) if is_full else views.listed(row)
            if not room.takes(document.ByteSize()):
                break
            response.documents.append(document)
            if at % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
        response.next_page_token = part.token(len(response.documents))
        return response

    async def UpdateDocument(self, request: rpc.UpdateDocumentRequest, call: Call) -> rpc.UpdateDocumentResponse:
        wanted = request.document
        fields = content_fields.document_fields(wanted, request.update_mask)
        details = await self.premises.objects.taken(wanted.details)
        verdicts = Verdicts()

        async def attempt(anew: bool) -> Row | None:
            async with self.database.direct() as connection:
                found = await queries.DOCUMENT.first(connection, id=uuid.UUID(wanted.id))
                document = rules.changeable(found, call.caller, WRITE, wanted)
                content_type = await self.premises.content_type(connection, document.content_type, anew=anew)
            if not is_counted(document.details) and "details" not in fields:
                document = await self.premises.objects.shown(document)
            words = rewritten(document, wanted, details, fields)
            await self.check(content_type, words, verdicts, document.version)
            save = saving.another(document, words, author_id=call.caller.known_id, draft_state=DRAFT)
            rendering = await self.renderer.rendering(words, content_type.html_members, call=call)
            check_nesting(content_type, rendering.html)
            more = {**saving.event("document.update", save.row), **saving.rendered(rendering)}
            async with self.database.direct() as connection:
                await check_page(connection, words, rendering, document.organisation_id, document.locale)
                generation = None  # what stays where it was may stay
                if save.row.path != document.path:
                    organisation_id = document.organisation_id
                    generation = await self.premises.generation(connection, organisation_id, save.row.path, anew=anew)
                row = await save.stored(connection, writing.UPDATE, **more, **unchanged(content_type, generation))
            return row and row._replace(notices=rendering.notices)

        row = await self.premises.objects.shown(await self.premises.settled(attempt))
        return rpc.UpdateDocumentResponse(document=views.document(row), notices=views.notices(row.notices))


def created(row: Row, rendering: Rendering) -> rpc.CreateDocumentResponse:
    return rpc.CreateDocumentResponse(document=views.document(row), notices=views.notices(rendering.notices))
