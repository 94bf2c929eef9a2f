"""ContentService: where editors draft, review and publish."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_import_pb2 import (
    ExportDocumentsRequest,
    ExportDocumentsResponse,
    ImportDocumentsRequest,
    ImportDocumentsResponse,
)
from gazette.content.v1.document_pb2 import Document, DraftState
from server import audit
from server.content import failures
from server.content import fields as content_fields
from server.content.checks.details import Schemas
from server.content.documents import queries as document_queries
from server.content.documents import rules as document_rules
from server.content.documents import saving
from server.content.documents import views as document_views
from server.content.paths import MayUsePath
from server.content.publishing import publication
from server.content.publishing import rules as publishing_rules
from server.content.publishing.publication import Publication, PublishFiles
from server.content.review import queries as review_queries
from server.content.review import rules as review_rules
from server.content.revisions import queries as revision_queries
from server.content.revisions import views as revision_views
from server.content.transfer import exports, imports
from server.content.types import queries as type_queries
from server.rpc import ambient, http
from server.rpc.call import Call
from server.rpc.paging import Paging
from server.stores import idempotency
from server.stores.postgres import AnyRow, Database

READ = Permission.PERMISSION_DOCUMENTS_READ
WRITE = Permission.PERMISSION_DOCUMENTS_WRITE
REVIEW = Permission.PERMISSION_DOCUMENTS_REVIEW
PUBLISH = Permission.PERMISSION_DOCUMENTS_PUBLISH

DOCUMENTS_SIZE = 50
REVISIONS_SIZE = 20


class Named(Protocol):
    """A request that names the document to change, and the version of it that the caller saw."""

    id: str
    etag: str


@dataclass(frozen=True)
class ContentService:
    """What an editor does is one transaction; imports and exports are several, in modules of their own."""

    database: Database
    paging: Paging
    publish_files: PublishFiles
    may_use_path: MayUsePath
    schemas: Schemas = field(default_factory=Schemas)

    @asynccontextmanager
    async def changing(self, named: Named, permission: Permission.ValueType) -> AsyncIterator[tuple[AsyncConnection, AnyRow]]:
        """A transaction, and the document's locked row. Raises DocumentNotFound, PermissionDenied, StaleEtag."""
        caller = ambient.current().caller
        async with self.database.transaction() as connection:
            document = await document_queries.locked(connection, uuid.UUID(named.id), caller.organisations(READ))
            caller.require(permission, document.organisation_id)
            content_fields.check_etag(named.etag, document.version)
            yield connection, document

    async def CreateDocument(self, request: rpc.CreateDocumentRequest, call: Call) -> rpc.CreateDocumentResponse:
        organisation_id = document_rules.organisation(call.caller, request.document.organisation_id, WRITE)
        async with self.database.transaction() as connection:
            answer = await idempotency.earlier(connection, call, request, rpc.CreateDocumentResponse)
            if answer is None:
                made = await self.create(connection, request.document, organisation_id)
                answer = await idempotency.remember(connection, call, rpc.CreateDocumentResponse(document=made))
        http.created(call, f"/v1/documents/{answer.document.id}")
        return answer

    async def create(self, connection: AsyncConnection, wanted: Document, organisation_id: uuid.UUID) -> Document:
        content_type = await type_queries.content_type(connection, wanted.content_type)
        if content_type is None:
            raise failures.ContentTypeMissing(wanted.content_type)
        words = saving.words_of(wanted)
        self.schemas.check_draft(content_type, words["details"], words["body"])
        document = await saving.first(
            connection,
            wanted,
            words,
            self.may_use_path,
            organisation_id=organisation_id,
            author_id=ambient.current().caller.known_id,
            draft_state=review_rules.DRAFT,
        )
        return await self.changed(connection, document, "document.create")

    async def changed(self, connection: AsyncConnection, document: AnyRow, action: str) -> Document:
        """Audits a change, and says how the document now stands."""
        row = await document_queries.document(connection, document.id)
        await audit.add(
            connection, action, row.id, organisation_id=row.organisation_id, revision=row.revision_number, path=row.path
        )
        return document_views.document(row)

    async def GetDocument(self, request: rpc.GetDocumentRequest, call: Call) -> rpc.GetDocumentResponse:
        async with self.database.read() as connection:
            row = await document_queries.document(connection, uuid.UUID(request.id), call.caller.organisations(READ))
        return rpc.GetDocumentResponse(document=document_views.document(row))

    async def ListDocuments(self, request: rpc.ListDocumentsRequest, call: Call) -> rpc.ListDocumentsResponse:
        caller = call.caller
        page = self.paging.page(request, caller.known_id, DOCUMENTS_SIZE)
        names = ("organisation_id", "content_type", "locale", "draft_state", "live_state")
        async with self.database.read() as connection:
            rows = await document_queries.documents(
                connection,
                caller.organisations(READ),
                before=(datetime.fromisoformat(page.position[0]), uuid.UUID(page.position[1])) if page.position else None,
                limit=page.limit,
                **{name: value for name in names if (value := getattr(request, name))},
            )
        rows, token = page.cut(rows, lambda row: (row.update_time.isoformat(), row.id))
        return rpc.ListDocumentsResponse(documents=map(document_views.document, rows), next_page_token=token)

    async def UpdateDocument(self, request: rpc.UpdateDocumentRequest, call: Call) -> rpc.UpdateDocumentResponse:
        fields = content_fields.document_fields(request.document, request.update_mask)
        async with self.changing(request.document, WRITE) as (connection, document):
            revision = await revision_queries.revision(connection, document.id, document.revision_number)
            words = saving.rewritten(revision, request.document, fields)
            content_type = await type_queries.content_type_of(connection, document)
            self.schemas.check_draft(content_type, words["details"], words["body"])
            author_id = call.caller.known_id
            await saving.another(
                connection, document, words, self.may_use_path, author_id=author_id, draft_state=review_rules.DRAFT
            )
            return rpc.UpdateDocumentResponse(document=await self.changed(connection, document, "document.update"))

    async def SubmitDocument(self, request: rpc.SubmitDocumentRequest, call: Call) -> rpc.SubmitDocumentResponse:
        async with self.changing(request, WRITE) as (connection, document):
            state = review_rules.step(document.draft_state, review_rules.SUBMIT)
            await self.complete(connection, document)
            await self.review(connection, document, state, request.comment)
            return rpc.SubmitDocumentResponse(document=await self.changed(connection, document, "document.submit"))

    async def ApproveDocument(self, request: rpc.ApproveDocumentRequest, call: Call) -> rpc.ApproveDocumentResponse:
        async with self.changing(request, REVIEW) as (connection, document):
            authors = await revision_queries.authors_since(connection, document.id, document.live_revision_number or 0)
            state = review_rules.approve(document.draft_state, call.caller.known_id, authors)
            await self.review(connection, document, state, request.comment)
            return rpc.ApproveDocumentResponse(document=await self.changed(connection, document, "document.approve"))

    async def RequestChanges(self, request: rpc.RequestChangesRequest, call: Call) -> rpc.RequestChangesResponse:
        async with self.changing(request, REVIEW) as (connection, document):
            state = review_rules.step(document.draft_state, review_rules.REQUEST_CHANGES)
            await self.review(connection, document, state, request.comment)
            return rpc.RequestChangesResponse(document=await self.changed(connection, document, "document.request_changes"))

    async def review(self, connection: AsyncConnection, document: AnyRow, state: DraftState.ValueType, comment: str) -> None:
        """Takes the draft into its next state, with what was said to it."""
        await document_queries.update_document(connection, document, draft_state=state)
        await review_queries.insert_review(
            connection,
            document_id=document.id,
            revision_number=document.revision_number,
            account_id=ambient.current().caller.known_id,
            draft_state=state,
            comment=comment,
        )

    async def complete(self, connection: AsyncConnection, document: AnyRow) -> tuple[AnyRow, AnyRow]:
        """The newest revision and the content type that it satisfies. Raises UnfinishedDetails."""
        revision = await revision_queries.revision(connection, document.id, document.revision_number)
        content_type = await type_queries.content_type_of(connection, document)
        self.schemas.check_complete(content_type, revision.details, revision.body)
        return revision, content_type

    async def PublishDocument(self, request: rpc.PublishDocumentRequest, call: Call) -> rpc.PublishDocumentResponse:
        async with self.changing(request, PUBLISH) as (connection, document):
            publishing_rules.publish(document.draft_state)
            revision, content_type = await self.complete(connection, document)
            wanted = Publication(
                document=document,
                words=revision._asdict(),
                content_type=content_type,
                is_minor=request.minor,
                claimed_first_publish_time=document.claimed_first_publish_time,
                claimed_public_update_time=document.claimed_public_update_time if request.minor else None,
                event={"action": "document.publish"},
            )
            await publication.publish(connection, wanted, self.publish_files)
            row = await document_queries.document(connection, document.id)
            return rpc.PublishDocumentResponse(document=document_views.document(row))

    async def ListRevisions(self, request: rpc.ListRevisionsRequest, call: Call) -> rpc.ListRevisionsResponse:
        caller = call.caller
        page = self.paging.page(request, caller.known_id, REVISIONS_SIZE)
        async with self.database.read() as connection:
            document = await document_queries.document(connection, uuid.UUID(request.document_id), caller.organisations(READ))
            rows = await revision_queries.revisions(connection, document.id, before=page.after, limit=page.limit)
        rows, token = page.cut(rows, lambda row: (row.number,))
        return rpc.ListRevisionsResponse(revisions=map(revision_views.revision, rows), next_page_token=token)

    async def ImportDocuments(
        self, request_iterator: AsyncIterator[ImportDocumentsRequest], call: Call
    ) -> ImportDocumentsResponse:
        return await imports.run(request_iterator, self.database, self.schemas, self.publish_files, self.may_use_path)

    async def ExportDocuments(self, request: ExportDocumentsRequest, call: Call) -> AsyncIterator[ExportDocumentsResponse]:
        organisation_id = document_rules.organisation(call.caller, request.organisation_id, READ)
        async for part in exports.parts(self.database, organisation_id):
            yield part
