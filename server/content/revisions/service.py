"""ListRevisions: what a document said at each save."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from gazette.content.v1 import content_service_pb2 as rpc
from server.content.documents import rules
from server.content.revisions import queries, views
from server.rpc.call import Call
from server.rpc.paging import Paging
from server.stores.postgres import Database

PAGE_SIZE = 20


@dataclass(frozen=True)
class Revisions:
    """Only reads: saving a document makes them."""

    database: Database
    paging: Paging

    async def ListRevisions(self, request: rpc.ListRevisionsRequest, call: Call) -> rpc.ListRevisionsResponse:
        page = self.paging.page(request, call.caller.known_id, PAGE_SIZE)
        document_id = uuid.UUID(request.document_id)
        async with self.database.direct() as connection:
            rules.readable(await queries.ORGANISATION.first(connection, document_id=document_id), call.caller)
            rows = await queries.REVISIONS.all(connection, document_id=document_id, before=page.after, limit=page.limit)
        found, token = page.cut(rows, lambda row: (row.number,))
        return rpc.ListRevisionsResponse(revisions=map(views.revision, found), next_page_token=token)
