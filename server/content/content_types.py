"""ContentTypeService: the kinds of documents, shared by all organisations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import grpc
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1 import content_type_service_pb2 as rpc
from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.content_type_service_pb2_grpc import ContentTypeServiceServicer
from server import calls, http, idempotency
from server.audit import queries as audit
from server.content import answers, checks, queries, rules
from server.database import AnyRow, Database
from server.messages import plain
from server.paging import Paging

WRITE = Permission.PERMISSION_CONTENT_TYPES_WRITE
SIZE = 50

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True)
class ContentTypeService(ContentTypeServiceServicer):
    """Changing content types needs a grant for all organisations, since all share them."""

    database: Database
    paging: Paging

    async def CreateContentType(self, request: rpc.CreateContentTypeRequest, context: Context) -> rpc.CreateContentTypeResponse:
        calls.current().caller.require(WRITE)
        name = request.content_type.name
        async with self.database.transaction() as connection:
            answer = await idempotency.earlier(connection, request, rpc.CreateContentTypeResponse)
            if answer is None:
                if not await create(connection, request.content_type):
                    raise rules.ContentTypeExists
                made = answers.content_type(await existing(connection, name))
                answer = await idempotency.remember(connection, rpc.CreateContentTypeResponse(content_type=made))
        http.created(calls.current(), f"/v1/content-types/{name}")
        return answer

    async def GetContentType(self, request: rpc.GetContentTypeRequest, context: Context) -> rpc.GetContentTypeResponse:
        async with self.database.read() as connection:
            row = await existing(connection, request.name)
        return rpc.GetContentTypeResponse(content_type=answers.content_type(row))

    async def ListContentTypes(self, request: rpc.ListContentTypesRequest, context: Context) -> rpc.ListContentTypesResponse:
        page = self.paging.page(request, calls.current().caller.known_id, SIZE)
        async with self.database.read() as connection:
            rows = await queries.content_types(connection, after=page.after or "", limit=page.limit)
        rows, token = page.cut(rows, lambda row: (row.name,))
        return rpc.ListContentTypesResponse(content_types=map(answers.content_type, rows), next_page_token=token)

    async def UpdateContentType(self, request: rpc.UpdateContentTypeRequest, context: Context) -> rpc.UpdateContentTypeResponse:
        calls.current().caller.require(WRITE)
        wanted = request.content_type
        fields = rules.content_type_fields(wanted, request.update_mask)
        columns = columns_of(wanted)
        async with self.database.transaction() as connection:
            row = await existing(connection, wanted.name, lock=True)
            rules.check_etag(wanted.etag, row.version)
            await queries.update_content_type(connection, row.name, **{name: columns[name] for name in fields})
            await audit.add(connection, "content_type.update", row.name, fields=sorted(fields))
            changed = answers.content_type(await existing(connection, row.name))
        return rpc.UpdateContentTypeResponse(content_type=changed)


async def create(connection: AsyncConnection, content_type: ContentType) -> bool:
    """Whether it was made; False when there is one of its name. Raises InvalidSchema."""
    is_new = await queries.insert_content_type(connection, name=content_type.name, **columns_of(content_type))
    if is_new:
        await audit.add(connection, "content_type.create", content_type.name)
    return is_new


async def existing(connection: AsyncConnection, name: str, *, lock: bool = False) -> AnyRow:
    """Raises ContentTypeNotFound."""
    row = await queries.content_type(connection, name, lock=lock)
    if row is None:
        raise rules.ContentTypeNotFound
    return row


def columns_of(content_type: ContentType) -> dict[str, Any]:
    """What may be changed about a content type. Raises InvalidSchema."""
    schema = plain(content_type.details_schema)
    checks.compiled(schema)
    return {
        "title": content_type.title,
        "details_schema": schema,
        "body_member": content_type.body_member,
        "html_members": [*content_type.html_members],
    }
