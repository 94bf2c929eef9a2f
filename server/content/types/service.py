"""ContentTypeService: the kinds of documents, shared by all organisations."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1 import content_type_service_pb2 as rpc
from gazette.content.v1.content_type_pb2 import ContentTypeView
from server import audit
from server.content import failures
from server.content import fields as content_fields
from server.content.checks.details import Schemas
from server.content.types import policies, queries, views
from server.content.types.creating import columns_of, create, existing, shown
from server.rpc import http
from server.rpc.answers import Room
from server.rpc.call import Call
from server.rpc.lists.paging import Paging
from server.stores import idempotency
from server.stores.postgres import Database

WRITE = Permission.PERMISSION_CONTENT_TYPES_WRITE
SIZE = 50


@dataclass(frozen=True)
class ContentTypeService:
    """Changing content types needs a grant for all organisations, since all share them."""

    database: Database
    paging: Paging
    schemas: Schemas

    async def CreateContentType(self, request: rpc.CreateContentTypeRequest, call: Call) -> rpc.CreateContentTypeResponse:
        call.caller.require(WRITE)
        columns = await columns_of(request.content_type, self.schemas)
        async with self.database.transaction() as connection:
            response = await idempotency.earlier(connection, call, request, rpc.CreateContentTypeResponse)
            if response is None:
                row = await create(connection, request.content_type.name, columns)
                if row is None:
                    raise failures.ContentTypeExists
                response = rpc.CreateContentTypeResponse(content_type=shown(row))
                await idempotency.remember(connection, call, response)
        http.created(call, f"/v1/content-types/{request.content_type.name}")
        return response

    async def GetContentType(self, request: rpc.GetContentTypeRequest, call: Call) -> rpc.GetContentTypeResponse:
        async with self.database.read() as connection:
            row = await existing(connection, request.name)
        return rpc.GetContentTypeResponse(content_type=views.content_type(row))

    async def ListContentTypes(self, request: rpc.ListContentTypesRequest, call: Call) -> rpc.ListContentTypesResponse:
        page = self.paging.page(request, call.caller.known_id, SIZE)
        async with self.database.read() as connection:
            is_full = request.view == ContentTypeView.CONTENT_TYPE_VIEW_FULL
            rows = await queries.content_types(connection, after=page.after or "", limit=page.limit, is_full=is_full)
        response, room = rpc.ListContentTypesResponse(), Room()
        for row in rows[: page.size]:
            content_type = views.content_type(row)
            if not room.takes(content_type.ByteSize()):
                break
            response.content_types.append(content_type)
            if is_full:
                await asyncio.sleep(0)  # a schema may take ten milliseconds
        if rows and len(response.content_types) < (rows[0].found if is_full else len(rows)):
            response.next_page_token = page.token(response.content_types[-1].name)
        return response

    async def UpdateContentType(self, request: rpc.UpdateContentTypeRequest, call: Call) -> rpc.UpdateContentTypeResponse:
        call.caller.require(WRITE)
        wanted = request.content_type
        fields = content_fields.content_type_fields(wanted, request.update_mask)
        columns = await columns_of(wanted, self.schemas)
        async with self.database.transaction() as connection:
            row = await existing(connection, wanted.name, lock=True)
            content_fields.check_etag(wanted.etag, row.version)
            names = policies.columns_named(fields)
            row = await queries.update_content_type(connection, row.name, **{name: columns[name] for name in names})
            await audit.add(connection, "content_type.update", row.name, fields=sorted(fields))
            return rpc.UpdateContentTypeResponse(content_type=shown(row))
