"""Making, reading and changing documents."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_pb2 import Document, DraftState
from server.content import fields as content_fields
from server.content.documents import queries, rules, saving, views, writing
from server.content.documents.premises import Premises, unchanged
from server.content.documents.words import rewritten, words_of
from server.content.failures import KeyOfAnother
from server.rpc import http
from server.rpc.call import Call
from server.rpc.paging import Paging
from server.stores import idempotency
from server.stores.postgres import Database
from server.stores.statements import Row

WRITE = Permission.PERMISSION_DOCUMENTS_WRITE
DRAFT = DraftState.DRAFT_STATE_DRAFT
PAGE_SIZE = 50
EQUAL = ("content_type", "locale", "draft_state", "live_state")
"""Filters of ListDocuments that are compared as they are."""


@dataclass(frozen=True)
class Documents:
    """Documents as editors write them."""

    database: Database
    paging: Paging
    premises: Premises

    async def CreateDocument(self, request: rpc.CreateDocumentRequest, call: Call) -> rpc.CreateDocumentResponse:
        organisation_id = rules.organisation(call.caller, request.document.organisation_id, WRITE)
        wanted = request.document
        async with self.database.direct() as connection:
            if idempotency.given_key(call):
                async with connection.transaction():
                    claim = await idempotency.claim(connection, call, request, rpc.CreateDocumentResponse)
                    response = claim.answer or await self.create(connection, wanted, organisation_id, call, claim.time)
            else:
                response = await self.create(connection, wanted, organisation_id, call)
        http.created(call, f"/v1/documents/{response.document.id}")
        return response

    async def create(
        self,
        connection: asyncpg.Connection,
        wanted: Document,
        organisation_id: uuid.UUID,
        call: Call,
        time: datetime | None = None,
    ) -> rpc.CreateDocumentResponse:
        """Makes the document. Where the transaction began at `time` and has claimed the call's key, the response is known
        beforehand, and stored with the document. Raises what stands in the way."""
        words = words_of(wanted)
        save = saving.first(wanted, words, organisation_id=organisation_id, author_id=call.caller.known_id, draft_state=DRAFT)
        statement, more = writing.CREATION, saving.event("document.create", save.row)
        if time is not None:
            document = views.document(save.row._replace(create_time=time, update_time=time))
            statement = writing.REMEMBERED_CREATION
            more |= idempotency.remembered(call, rpc.CreateDocumentResponse(document=document))

        async def attempt(anew: bool) -> Row | None:
            content_type = await self.premises.content_type(connection, wanted.content_type, anew=anew)
            self.premises.schemas.check_draft(content_type, words["details"], words["body"])
            generation = await self.premises.generation(connection, organisation_id, wanted.path, anew=anew)
            row = await save.stored(connection, statement, **more, **unchanged(content_type, generation))
            if row is None and await writing.TRANSLATED_ELSEWHERE.value(connection, **save.parameters):
                raise KeyOfAnother
            return row

        row = await self.premises.settled(attempt)
        return rpc.CreateDocumentResponse(document=views.document(row))

    async def GetDocument(self, request: rpc.GetDocumentRequest, call: Call) -> rpc.GetDocumentResponse:
        async with self.database.direct() as connection:
            row = await queries.DOCUMENT.first(connection, id=uuid.UUID(request.id))
        return rpc.GetDocumentResponse(document=views.document(rules.readable(row, call.caller)))

    async def ListDocuments(self, request: rpc.ListDocumentsRequest, call: Call) -> rpc.ListDocumentsResponse:
        page = self.paging.page(request, call.caller.known_id, PAGE_SIZE)
        given: dict[str, Any] = {name: value for name in EQUAL if (value := getattr(request, name))}
        whose = rules.listed(call.caller, request.organisation_id)
        if whose is not None:  # of one alone, PostgreSQL finds the newest at the end of an index
            given |= {"organisation_id": whose[0]} if len(whose) == 1 else {"organisations": whose}
        if page.position:
            given["before_time"] = datetime.fromisoformat(page.position[0])
        before_id = uuid.UUID(page.position[1]) if page.position else None
        statement = queries.documents(given, page.limit)
        async with self.database.direct() as connection:
            rows = await statement.all(connection, **given, before_id=before_id)
        found, token = page.cut(rows[: page.limit], lambda row: (row.update_time.isoformat(), row.id))
        return rpc.ListDocumentsResponse(documents=map(views.document, found), next_page_token=token)

    async def UpdateDocument(self, request: rpc.UpdateDocumentRequest, call: Call) -> rpc.UpdateDocumentResponse:
        wanted = request.document
        fields = content_fields.document_fields(wanted, request.update_mask)
        async with self.database.direct() as connection:

            async def attempt(anew: bool) -> Row | None:
                found = await queries.DOCUMENT.first(connection, id=uuid.UUID(wanted.id))
                document = rules.changeable(found, call.caller, WRITE, wanted)
                words = rewritten(document, wanted, fields)
                content_type = await self.premises.content_type(connection, document.content_type, anew=anew)
                self.premises.schemas.check_draft(content_type, words["details"], words["body"])
                save = saving.another(document, words, author_id=call.caller.known_id, draft_state=DRAFT)
                generation = None  # what stays where it was may stay
                if save.row.path != document.path:
                    organisation_id = document.organisation_id
                    generation = await self.premises.generation(connection, organisation_id, save.row.path, anew=anew)
                more = saving.event("document.update", save.row)
                return await save.stored(connection, writing.UPDATE, **more, **unchanged(content_type, generation))

            row = await self.premises.settled(attempt)
        return rpc.UpdateDocumentResponse(document=views.document(row))
