"""ContentTypeService: the kinds of documents, shared by all organisations."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1 import content_type_change_pb2 as changes
from gazette.content.v1 import content_type_service_pb2 as rpc
from gazette.content.v1.content_type_pb2 import ContentTypeView
from server import audit
from server.content import failures
from server.content import fields as content_fields
from server.content.checks.details import Schemas
from server.content.locks import DOCUMENTS_UNCHANGED
from server.content.rendering.renderer import ALLOWANCE
from server.content.types import proposing, queries, views
from server.content.types.changing import MOST_AT_ONCE, NAMED, Change, Checked, soon
from server.content.types.checking import Checks, Found
from server.content.types.creating import columns_of, create, existing, shown
from server.content.types.failures import ContentTypeInUse
from server.content.types.proposing import Proposal
from server.content.types.tokens import CheckTokens, Progress, beginning
from server.rpc import http
from server.rpc.answers import Room, filled
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
    change: Change

    async def CreateContentType(self, request: rpc.CreateContentTypeRequest, call: Call) -> rpc.CreateContentTypeResponse:
        call.caller.require(WRITE)
        columns = await columns_of(request.content_type, self.schemas)
        async with self.database.transaction() as connection:
            response = await idempotency.earlier(connection, call, request, rpc.CreateContentTypeResponse)
            if response is None:
                row = await create(connection, request.content_type.name, columns, call.caller.known_id)
                if row is None:
                    raise failures.ContentTypeExists
                response = rpc.CreateContentTypeResponse(content_type=shown(row))
                await idempotency.remember(connection, call, response)
        http.created(call, f"/v1/content-types/{request.content_type.name}")
        return response

    async def GetContentType(self, request: rpc.GetContentTypeRequest, call: Call) -> rpc.GetContentTypeResponse:
        async with self.database.read() as connection:
            if request.version:
                row = await queries.version(connection, request.name, request.version)
                if row is None:
                    raise failures.ContentTypeNotFound
            else:
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
        wanted, caller = request.content_type, call.caller
        fields = content_fields.content_type_fields(wanted, request.update_mask)
        columns = await columns_of(wanted, self.schemas)
        async with self.database.read() as connection:
            row = await existing(connection, wanted.name)
        content_fields.check_etag(wanted.etag, row.version)
        proposal = proposing.proposed(row, wanted, fields, columns)
        checked = CheckTokens(self.paging).checked(request, row.version, caller.known_id) if request.check_token else None
        if proposal.concerns_documents:
            call.allowance = ALLOWANCE
        changed, found = await self.change.make(proposal, checked, caller.known_id, accept_invalid=request.accept_invalid)
        response = rpc.UpdateContentTypeResponse(content_type=changed, invalid_count=found.invalid_count)
        response.invalid_documents.extend([each for each in found.invalid if not each.is_invalid_already][:NAMED])
        return response


@dataclass(frozen=True)
class ContentTypeHistory:
    """Versions, checks and deletion."""

    database: Database
    paging: Paging
    schemas: Schemas
    checks: Checks

    async def CheckContentType(self, request: rpc.CheckContentTypeRequest, call: Call) -> rpc.CheckContentTypeResponse:
        call.caller.require(WRITE)
        caller_id, tokens = call.caller.known_id, CheckTokens(self.paging)
        progress = tokens.progress(request, caller_id)
        proposal = await self.proposal(request)
        version = proposal.row.version
        if progress is None:
            progress = beginning(version, *await self.checks.beginning(request.name))
        if progress.checked.version != version:
            raise failures.StaleEtag(content_fields.etag(progress.checked.version), content_fields.etag(version))
        call.allowance = ALLOWANCE
        found = Found(last_id=progress.last_id)
        room = request.page_size or SIZE
        is_done = await self.checks.part(request.name, proposal.now, proposal.before, found, most=MOST_AT_ONCE, room=room)
        progress = Progress(added(progress.checked, found), found.last_id)
        checked, response = progress.checked, rpc.CheckContentTypeResponse(invalid_documents=found.invalid)
        response.checked_count, response.total_count = checked.checked_count, max(checked.total_count, checked.checked_count)
        response.invalid_count, response.invalid_already_count = checked.invalid_count, checked.already_count
        if not is_done:
            response.next_page_token = tokens.token(request, caller_id, progress, is_done=False)
        elif request.HasField("change"):
            response.check_token = tokens.token(request, caller_id, progress, is_done=True)
        return response

    async def proposal(self, request: rpc.CheckContentTypeRequest) -> Proposal:
        """What the documents are to be held against. Raises as a change does."""
        wanted, change = request.change.content_type, request.HasField("change")
        fields = content_fields.content_type_fields(wanted, request.change.update_mask) if change else frozenset()
        columns = await columns_of(wanted, self.schemas) if change else {}
        async with self.database.read() as connection:
            row = await existing(connection, request.name)
        if not change:
            return proposing.standing(row)
        content_fields.check_etag(wanted.etag, row.version)
        return proposing.proposed(row, wanted, fields, columns)

    async def ListContentTypeVersions(
        self, request: changes.ListContentTypeVersionsRequest, call: Call
    ) -> changes.ListContentTypeVersionsResponse:
        page = self.paging.page(request, call.caller.known_id, SIZE)
        async with self.database.read() as connection:
            rows = await queries.versions(connection, request.name, before=page.after, limit=page.limit)
        if not rows and page.after is None:
            raise failures.ContentTypeNotFound
        versions, token = filled(page, rows, lambda row: (row.version,), views.version)
        return changes.ListContentTypeVersionsResponse(versions=versions, next_page_token=token)

    async def DeleteContentType(
        self, request: changes.DeleteContentTypeRequest, call: Call
    ) -> changes.DeleteContentTypeResponse:
        call.caller.require(WRITE)
        async with self.database.transaction() as connection:
            await soon(connection.execute(DOCUMENTS_UNCHANGED))
            row = await existing(connection, request.name, lock=True)
            content_fields.check_etag(request.etag, row.version)
            if await queries.is_used(connection, row.name):
                raise ContentTypeInUse
            await queries.delete_content_type(connection, row.name)
            await audit.add(connection, "content_type.delete", row.name, version=row.version)
        return changes.DeleteContentTypeResponse()


def added(checked: Checked, found: Found) -> Checked:
    """With what one part has found."""
    new = [each.id for each in found.invalid if not each.is_invalid_already]
    return checked._replace(
        checked_count=checked.checked_count + len(found.known),
        invalid_count=checked.invalid_count + found.invalid_count,
        already_count=checked.already_count + found.already_count,
        unmovable_count=checked.unmovable_count + found.unmovable_count,
        named=[*dict.fromkeys([*checked.named, *new])][:NAMED],
    )
