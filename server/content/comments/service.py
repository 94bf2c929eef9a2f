"""What people say to a document: saying it, reading it, changing it, and settling what was asked for."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from uuid6 import uuid7

from gazette.content.v1 import commenting_pb2 as rpc
from gazette.content.v1.comment_pb2 import Comment
from server import audit
from server.content.comments import queries, rules
from server.content.comments.failures import CommentNotFound
from server.content.documents.queries import WHOSE
from server.content.documents.rules import readable
from server.content.transitions import REVIEW, WRITE
from server.rpc import http
from server.rpc.answers import filled
from server.rpc.call import Call
from server.rpc.lists.paging import Paging
from server.rpc.messages import message
from server.rpc.requests import masks
from server.stores import idempotency
from server.stores.postgres import AnyRow, Database

PAGE_SIZE = 50
WRITABLE = {"text", "blocks_approval"}

Change = Callable[[AnyRow, AnyRow], dict[str, Any]]
"""What of a comment is to be another thing, given the document and the comment as they are found; empty if nothing is. Raises
why it may not be."""


@dataclass(frozen=True)
class Comments:
    """The document stays as it is, but for how many comments block it. Who touches one that does, waits for others there."""

    database: Database
    paging: Paging

    async def AddComment(self, request: rpc.AddCommentRequest, call: Call) -> rpc.AddCommentResponse:
        async with self.database.transaction() as connection:
            response = await idempotency.earlier(connection, call, request, rpc.AddCommentResponse)
            if response is None:
                row = await self.add(connection, uuid.UUID(request.document_id), request.comment, call)
                response = rpc.AddCommentResponse(comment=shown(row))
                await idempotency.remember(connection, call, response)
        http.created(call, f"/v1/documents/{request.document_id}/comments/{response.comment.id}")
        return response

    async def add(self, connection: AsyncConnection, document_id: uuid.UUID, wanted: Comment, call: Call) -> AnyRow:
        found = await queries.document(connection, document_id, lock=wanted.blocks_approval)
        document = readable(found, call.caller)
        call.caller.require(REVIEW if wanted.blocks_approval else WRITE, document.organisation_id, document.locale)
        id, field = uuid7(), wanted.field
        thread_id = id
        if wanted.parent_id:
            parent = await self.existing(connection, document_id, wanted.parent_id)
            rules.check_answerable(parent)
            thread_id, field = parent.id, parent.field
        row = await queries.insert_comment(
            connection,
            id=id,
            document_id=document_id,
            thread_id=thread_id,
            revision_number=rules.revision(wanted.revision_number, document.revision_number),
            field=field,
            quote=wanted.quote,
            quote_begin=wanted.quote_begin,
            text=wanted.text,
            blocks_approval=wanted.blocks_approval,
            account_id=call.caller.known_id,
        )
        if row.blocks_approval:
            await queries.count_blocking(connection, document_id)
        await self.tell(connection, "document.comment", document, row)
        return row

    async def ListComments(self, request: rpc.ListCommentsRequest, call: Call) -> rpc.ListCommentsResponse:
        page = self.paging.page(request, call.caller.known_id, PAGE_SIZE)
        document_id, seen = uuid.UUID(request.document_id), {}
        if page.position:
            seen = dict(zip(("last_thread_id", "last_reply_id"), map(uuid.UUID, page.position), strict=True))
        statement = queries.comments(request.state, of_revision=bool(request.revision_number), goes_on=bool(seen))
        given = {"document_id": document_id, "revision_number": request.revision_number, "limit": page.limit, **seen}
        async with self.database.direct() as connection:
            readable(await WHOSE.first(connection, document_id=document_id), call.caller)
            rows = await statement.all(connection, **given)
        comments, token = filled(page, rows, place, shown)
        return rpc.ListCommentsResponse(comments=comments, next_page_token=token)

    async def UpdateComment(self, request: rpc.UpdateCommentRequest, call: Call) -> rpc.UpdateCommentResponse:
        wanted = request.comment
        fields = masks.fields("comment", wanted, request.update_mask, WRITABLE, required={"text"})

        def change(document: AnyRow, row: AnyRow) -> dict[str, Any]:
            is_to_block = "blocks_approval" in fields and wanted.blocks_approval
            rules.check_changeable(row, call.caller, document, is_to_block=is_to_block)
            changed = {name: getattr(wanted, name) for name in fields if getattr(wanted, name) != getattr(row, name)}
            return changed | ({"update_time": datetime.now(UTC)} if "text" in changed else {})

        row = await self.changed(request.document_id, wanted.id, "document.comment_update", change, call)
        return rpc.UpdateCommentResponse(comment=shown(row))

    async def DeleteComment(self, request: rpc.DeleteCommentRequest, call: Call) -> rpc.DeleteCommentResponse:
        def change(document: AnyRow, row: AnyRow) -> dict[str, Any]:
            rules.check_own(row, call.caller)
            gone = {"text": "", "quote": "", "quote_begin": 0, "delete_time": datetime.now(UTC)}
            return gone if row.delete_time is None else {}

        row = await self.changed(request.document_id, request.id, "document.comment_delete", change, call)
        return rpc.DeleteCommentResponse(comment=shown(row))

    async def ResolveComment(self, request: rpc.ResolveCommentRequest, call: Call) -> rpc.ResolveCommentResponse:
        def change(document: AnyRow, row: AnyRow) -> dict[str, Any]:
            rules.check_settled_by(row, call.caller, document)
            resolved = {"resolve_time": datetime.now(UTC), "resolver_id": call.caller.known_id}
            return resolved if row.resolve_time is None else {}

        row = await self.changed(request.document_id, request.id, "document.comment_resolve", change, call)
        return rpc.ResolveCommentResponse(comment=shown(row))

    async def ReopenComment(self, request: rpc.ReopenCommentRequest, call: Call) -> rpc.ReopenCommentResponse:
        def change(document: AnyRow, row: AnyRow) -> dict[str, Any]:
            rules.check_settled_by(row, call.caller, document)
            return {} if row.resolve_time is None else {"resolve_time": None, "resolver_id": None}

        row = await self.changed(request.document_id, request.id, "document.comment_reopen", change, call)
        return rpc.ReopenCommentResponse(comment=shown(row))

    async def changed(self, document_id: str, id: str, action: str, change: Change, call: Call) -> AnyRow:
        """The comment as it stands after the change. Raises DocumentNotFound, CommentNotFound, PermissionDenied, and what the
        change does."""
        async with self.database.transaction() as connection:
            document = readable(await queries.document(connection, uuid.UUID(document_id), lock=True), call.caller)
            call.caller.require(WRITE, document.organisation_id, document.locale)
            row = await self.existing(connection, document.id, id)
            columns = change(document, row)
            if not columns:
                return row
            changed = await queries.update_comment(connection, row.id, columns)
            if rules.is_blocking(row) != rules.is_blocking(changed):
                await queries.count_blocking(connection, document.id)
            await self.tell(connection, action, document, changed)
            return changed

    async def existing(self, connection: AsyncConnection, document_id: uuid.UUID, id: str) -> AnyRow:
        """Raises CommentNotFound."""
        row = await queries.comment(connection, document_id, uuid.UUID(id))
        if row is None:
            raise CommentNotFound
        return row

    async def tell(self, connection: AsyncConnection, action: str, document: AnyRow, row: AnyRow) -> None:
        """Audits it, without its words."""
        whose, number = document.organisation_id, row.revision_number
        about = {"comment": row.id, "thread": row.thread_id, "revision": number, "blocks": rules.is_blocking(row)}
        await audit.add(connection, action, document.id, organisation_id=whose, **about)


def shown(row: AnyRow) -> Comment:
    return message(Comment, row, parent_id=row.thread_id if rules.is_reply(row) else None)


def place(row: AnyRow) -> tuple[str, str]:
    """Of a comment in a list: its thread, and which reply it is."""
    return str(row.thread_id), str(row.id if rules.is_reply(row) else queries.NO_REPLY)
