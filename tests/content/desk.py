"""An organisation's editorial office on a real server: its people, a content type, and short ways through a document's life."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import func, select

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.content_type_service_pb2 import CreateContentTypeRequest, UpdateContentTypeRequest
from gazette.content.v1.content_type_service_pb2_grpc import ContentTypeServiceStub
from gazette.content.v1.document_import_pb2 import (
    ImportDocumentsRequest,
    ImportedDocument,
    ImportOptions,
    ImportResult,
)
from gazette.content.v1.document_pb2 import Document, LiveState
from gazette.content.v1.schedule_pb2 import ScheduledAction, ScheduledTakingDown
from gazette.content.v1.scheduling_pb2 import ScheduleDocumentRequest, UnscheduleDocumentRequest
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest, GetPageResponse
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from gazette.record.v1.record_entry_pb2 import RecordEntryBody
from gazette.record.v1.record_service_pb2 import ListRecordEntriesRequest
from gazette.record.v1.record_service_pb2_grpc import RecordServiceStub
from gazette_client.endings import answered
from server.record.models import RecordEntry
from tests.service import Person, Service

Metadata = tuple[tuple[str, str], ...]


@dataclass
class Desk:
    service: Service
    organisation_id: str
    author: Person
    editor: Person
    publisher: Person
    admin: Person
    root: str = ""
    """Where the desk's own part of the site begins."""
    first: int = 0
    """The record's last number before the desk was opened."""

    @classmethod
    async def opened(cls, service: Service) -> Desk:
        """Beside others, who leave the content type `guide` as it is."""
        organisation_id = await service.organisation()
        roles = (Role.ROLE_AUTHOR, Role.ROLE_EDITOR, Role.ROLE_PUBLISHER)
        wanted = [*(("", role, organisation_id) for role in roles), ("", Role.ROLE_ADMIN, None)]
        author, editor, publisher, admin = await service.accounts(*wanted)
        root = f"/{service.unique('desk')}"
        desk = cls(service, organisation_id, author, editor, publisher, admin, root, await last_number(service))
        if not service.has_guides:
            with suppress(grpc.aio.AioRpcError):
                await desk.content_type("guide")
            service.has_guides = True
        return desk

    def kind(self, name: str) -> str:
        """A name for a content type that no other has."""
        return self.service.unique(name).replace("-", "_")

    @property
    def documents(self) -> Any:
        return ContentServiceStub(self.service.channel)

    @property
    def content_types(self) -> Any:
        return ContentTypeServiceStub(self.service.channel)

    async def content_type(self, name: str, schema: dict[str, Any] | None = None, **said: Any) -> ContentType:
        wanted = ContentType(name=name, title=name.title(), **said)
        wanted.details_schema.update(schema or {})
        request = CreateContentTypeRequest(content_type=wanted)
        made: ContentType = (await self.content_types.CreateContentType(request, metadata=self.admin.metadata)).content_type
        return made

    async def change_content_type(self, content_type: ContentType, by: Person | None = None, **changed: Any) -> ContentType:
        wanted = ContentType(name=content_type.name, etag=content_type.etag, **changed)
        mask = FieldMask(paths=[*changed])
        request = UpdateContentTypeRequest(content_type=wanted, update_mask=mask, accept_invalid=True)
        metadata = (by or self.admin).metadata
        saved: ContentType = (await self.content_types.UpdateContentType(request, metadata=metadata)).content_type
        return saved

    def draft(self, path: str = "", **said: Any) -> Document:
        """What a request for a new document says."""
        said = {"title": "A title", "content_type": "guide", "organisation_id": self.organisation_id} | said
        return Document(path=path or f"/guidance/{uuid.uuid4().hex}", **said)

    async def create(self, path: str = "", *, metadata: Metadata = (), **said: Any) -> Document:
        request = rpc.CreateDocumentRequest(document=self.draft(path, **said))
        answer = await self.documents.CreateDocument(request, metadata=metadata or self.author.metadata)
        made: Document = answer.document
        return made

    async def get(self, document: Document) -> Document:
        answer = await self.documents.GetDocument(rpc.GetDocumentRequest(id=document.id), metadata=self.author.metadata)
        found: Document = answer.document
        return found

    async def update(self, document: Document, by: Person | None = None, **changed: Any) -> Document:
        wanted = Document(id=document.id, etag=document.etag, **changed)
        request = rpc.UpdateDocumentRequest(document=wanted, update_mask=FieldMask(paths=[*changed]))
        answer = await self.documents.UpdateDocument(request, metadata=(by or self.author).metadata)
        saved: Document = answer.document
        return saved

    async def submit(self, document: Document, by: Person | None = None) -> Document:
        request = rpc.SubmitDocumentRequest(id=document.id, etag=document.etag, comment="please")
        submitted: Document = (await self.documents.SubmitDocument(request, metadata=(by or self.author).metadata)).document
        return submitted

    async def approve(self, document: Document, by: Person | None = None) -> Document:
        request = rpc.ApproveDocumentRequest(id=document.id, etag=document.etag)
        approved: Document = (await self.documents.ApproveDocument(request, metadata=(by or self.editor).metadata)).document
        return approved

    async def request_changes(self, document: Document, by: Person | None = None) -> Document:
        request = rpc.RequestChangesRequest(id=document.id, etag=document.etag, comment="shorter")
        given: Document = (await self.documents.RequestChanges(request, metadata=(by or self.editor).metadata)).document
        return given

    async def publish(
        self, document: Document, by: Person | None = None, *, minor: bool = False, change_note: str = "Something changed."
    ) -> Document:
        note = "" if minor else change_note if document.live.state else ""
        request = rpc.PublishDocumentRequest(id=document.id, etag=document.etag, minor=minor, change_note=note)
        answer = await self.documents.PublishDocument(request, metadata=(by or self.publisher).metadata)
        published: Document = answer.document
        return published

    async def approved(self, path: str = "", **said: Any) -> Document:
        """A new document, approved."""
        return await self.approve(await self.submit(await self.create(path, **said)))

    async def schedule(
        self, document: Document, due: datetime | timedelta, by: Person | None = None, *, minor: bool = False
    ) -> Document:
        """Schedules the draft for this time, or for so long from now."""
        note = "Something changed." if document.live.state and not minor else ""
        request = ScheduleDocumentRequest(id=document.id, etag=document.etag, minor=minor, change_note=note)
        request.due_time.FromDatetime(due if isinstance(due, datetime) else datetime.now(UTC) + due)
        answer = await self.documents.ScheduleDocument(request, metadata=(by or self.publisher).metadata)
        scheduled: Document = answer.document
        return scheduled

    async def schedule_taking_down(
        self, document: Document, due: datetime | timedelta, by: Person | None = None, **into: Any
    ) -> Document:
        """Schedules that the page is `withdrawn`, `gone` or a `redirect` at this time, or in so long from now."""
        take_down = ScheduledTakingDown(**into)
        request = ScheduleDocumentRequest(id=document.id, etag=document.etag, take_down=take_down)
        request.due_time.FromDatetime(due if isinstance(due, datetime) else datetime.now(UTC) + due)
        answer = await self.documents.ScheduleDocument(request, metadata=(by or self.publisher).metadata)
        scheduled: Document = answer.document
        return scheduled

    async def unschedule(
        self,
        document: Document,
        by: Person | None = None,
        *,
        action: ScheduledAction.ValueType = ScheduledAction.SCHEDULED_ACTION_UNSPECIFIED,
    ) -> Document:
        request = UnscheduleDocumentRequest(id=document.id, etag=document.etag, action=action)
        answer = await self.documents.UnscheduleDocument(request, metadata=(by or self.publisher).metadata)
        unscheduled: Document = answer.document
        return unscheduled

    async def through_review(self, document: Document, *, minor: bool = False) -> Document:
        """The draft, submitted, approved and published."""
        return await self.publish(await self.approve(await self.submit(document)), minor=minor)

    async def published(self, path: str = "", **said: Any) -> Document:
        """A new document, published."""
        return await self.through_review(await self.create(path, **said))

    async def page(self, path: str, locale: str = "") -> GetPageResponse:
        """What a path serves once the process has heard of the record's newest entry there, for which it has a second."""
        heard = [entry.number for entry in await self.record() if (entry.path, entry.locale) == (path, locale or "en")][-1:]
        for _ in range(100 if heard else 0):
            with suppress(grpc.aio.AioRpcError):
                answer = await self.page_now(path, locale)
                if number_of(answer) in heard:
                    return answer
            await asyncio.sleep(0.01)
        return await self.page_now(path, locale)

    async def page_now(self, path: str, locale: str) -> GetPageResponse:
        request = GetPageRequest(path=path, locale=locale)
        answer: GetPageResponse = await DeliveryServiceStub(self.service.channel).GetPage(request)
        return answer

    async def record(self, after: int | None = None) -> list[RecordEntryBody]:
        """What was put on the record after this number, or since the desk was opened."""
        request = ListRecordEntriesRequest(after_number=self.first if after is None else after)
        answer = await RecordServiceStub(self.service.channel).ListRecordEntries(request)
        return [entry.body for entry in answer.entries]

    async def bring_in(self, *parts: Any, by: Person | None = None) -> list[ImportResult]:
        """Imports content types and documents; what became of each."""
        requests = [ImportDocumentsRequest(options=ImportOptions(organisation_id=self.organisation_id))]
        requests += [
            ImportDocumentsRequest(document=part)
            if isinstance(part, ImportedDocument)
            else ImportDocumentsRequest(content_type=part)
            for part in parts
        ]
        answer = await answered(self.documents.ImportDocuments(iter(requests), metadata=(by or self.admin).metadata))
        return [*answer.results]


async def last_number(service: Service) -> int:
    """The number of the record's newest entry."""
    async with service.database.read() as connection:
        return (await connection.execute(select(func.coalesce(func.max(RecordEntry.number), 0)))).scalar_one()


def number_of(answer: GetPageResponse) -> int:
    """The record number of a page, a redirect or what is gone."""
    number: int = getattr(answer, answer.WhichOneof("answer") or "").record_number
    return number


def imported(
    path: str,
    *,
    key: str = "",
    live_state: LiveState.ValueType = LiveState.LIVE_STATE_PUBLISHED,
    said: dict[str, Any] | None = None,
    **how: Any,
) -> ImportedDocument:
    """A document as it was published elsewhere."""
    words = {"title": "A title", "content_type": "guide", "translation_key": key or str(uuid.uuid4())} | (said or {})
    return ImportedDocument(document=Document(path=path, **words), source=f"elsewhere{path}", live_state=live_state, **how)
