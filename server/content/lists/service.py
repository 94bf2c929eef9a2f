"""ListDocuments."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_pb2 import DocumentView
from server.content.documents import rules, views
from server.content.lists import filters, queries, walks
from server.content.types.reading import Details
from server.rpc.answers import Room
from server.rpc.call import Call
from server.rpc.lists.paging import Paging
from server.stores.postgres import Database

DELETE = Permission.PERMISSION_DOCUMENTS_DELETE
PAGE_SIZE = 50
AT_ONCE = 20
"""Documents that are shown in one turn of the event loop: each may have thousands of links."""


@dataclass(frozen=True)
class Lists:
    """Documents, as editors look for them."""

    database: Database
    paging: Paging
    objects: Details

    async def ListDocuments(self, request: rpc.ListDocumentsRequest, call: Call) -> rpc.ListDocumentsResponse:
        page = self.paging.page(request, call.caller.known_id, PAGE_SIZE)
        needed = DELETE if request.deleted else rules.READ
        given = filters.given(request, rules.listed(call.caller, request.organisation_id, needed))
        is_full = request.view == DocumentView.DOCUMENT_VIEW_FULL
        response, room = rpc.ListDocumentsResponse(), Room()
        async with self.database.direct() as connection:
            part = await walks.walk(connection, request.order_by, given, is_full=is_full).part(page)
            if request.with_count:
                found = await queries.count(frozenset(given)).value_planned(connection, **given)
                response.total_size = min(found, queries.MOST_COUNTED)
                response.is_total_size_at_least = found > queries.MOST_COUNTED
        for at, row in enumerate(part.rows):
            document = views.document(await self.objects.shown(row)) if is_full else views.listed(row)
            if not room.takes(document.ByteSize()):
                break
            response.documents.append(document)
            if at % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
        response.next_page_token = part.token(len(response.documents))
        return response
