"""ListRevisions and GetRevision: what a document said at each save."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1 import revising_pb2 as revising
from gazette.content.v1.document_pb2 import DocumentView
from server.content.documents import rules
from server.content.documents.queries import WHOSE
from server.content.documents.views import notices
from server.content.revisions import queries, views
from server.content.revisions.failures import RevisionNotFound
from server.content.types.reading import Details
from server.rpc.answers import Room
from server.rpc.call import Call
from server.rpc.lists.paging import Paging
from server.stores.postgres import Database

PAGE_SIZE = 20
FIRST = 1
"""The number of the first revision."""


@dataclass(frozen=True)
class Revisions:
    """Only reads: saving a document makes them."""

    database: Database
    paging: Paging
    objects: Details

    async def ListRevisions(self, request: rpc.ListRevisionsRequest, call: Call) -> rpc.ListRevisionsResponse:
        page = self.paging.page(request, call.caller.known_id, PAGE_SIZE)
        document_id, is_full = uuid.UUID(request.document_id), request.view == DocumentView.DOCUMENT_VIEW_FULL
        async with self.database.direct() as connection:
            rules.readable(await WHOSE.first(connection, document_id=document_id), call.caller)
            statement = queries.revisions(page.limit, is_full=is_full)
            rows = await statement.all(connection, document_id=document_id, before=page.after)
        response, room = rpc.ListRevisionsResponse(), Room()
        for row in rows[: page.size]:
            revision = views.revision(await self.objects.shown(row)) if is_full else views.listed(row)
            if not room.takes(revision.ByteSize()):
                break
            response.revisions.append(revision)
        if response.revisions and response.revisions[-1].number > FIRST:
            response.next_page_token = page.token(response.revisions[-1].number)
        return response

    async def GetRevision(self, request: revising.GetRevisionRequest, call: Call) -> revising.GetRevisionResponse:
        async with self.database.direct() as connection:
            document_id = uuid.UUID(request.document_id)
            row = await queries.REVISION.first(connection, document_id=document_id, number=request.number)
        found = rules.readable(row, call.caller)
        if found.number is None:
            raise RevisionNotFound
        revision = views.revision(await self.objects.shown(found))
        return revising.GetRevisionResponse(revision=revision, notices=notices(found.notices))
