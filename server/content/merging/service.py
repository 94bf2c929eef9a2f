"""MergeDocument: what a merge would save, and what stands in its way."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1 import merging_pb2 as rpc
from server.content import fields as content_fields
from server.content.documents import rules
from server.content.documents import views as documents
from server.content.documents.premises import Premises
from server.content.documents.queries import DOCUMENT
from server.content.documents.sizes import size
from server.content.documents.words import rewritten
from server.content.merging import views
from server.content.merging.merging import Merging
from server.rpc.answers import MOST
from server.rpc.call import Call
from server.stores.postgres import Database

WRITE = Permission.PERMISSION_DOCUMENTS_WRITE
BESIDE = 16 << 10
"""Bytes of what an answer says beside the document and what collides."""


@dataclass(frozen=True)
class Merges:
    """Only reads."""

    database: Database
    premises: Premises
    merging: Merging

    async def MergeDocument(self, request: rpc.MergeDocumentRequest, call: Call) -> rpc.MergeDocumentResponse:
        wanted, objects = request.document, self.premises.objects
        fields = content_fields.document_fields(wanted, request.update_mask)
        details = await objects.taken(wanted.details)
        async with self.database.direct() as connection:
            found = await DOCUMENT.first(connection, id=uuid.UUID(wanted.id))
            document = rules.writable(found, call.caller, WRITE)
            base = await self.merging.base(connection, document, wanted.etag)
            content_type = await self.premises.content_type(connection, document.content_type, anew=False)
        document = await objects.current(document, content_type)
        if base is not None:
            base = await self.merging.in_terms(base, document, wanted, content_type)
        yours = rewritten(document if base is None else base, wanted, details, fields)
        merge = await self.merging.merged(document, document if base is None else base, yours, call)
        row = await objects.shown(document._replace(**merge.words))
        size(row._asdict())
        newest = document.revision_number
        response = rpc.MergeDocumentResponse(
            document=documents.document(row),
            merged=views.merged(merge, newest if base is None else base.number, newest),
            conflict_count=merge.collision_count,
        )
        room = MOST - BESIDE - response.ByteSize()
        views.put_conflicts(response.conflicts, map(views.conflict, merge.collisions), room)
        return response
