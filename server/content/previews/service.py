"""CreatePreviewLink, ListPreviewLinks and RevokePreviewLink."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from uuid6 import uuid7

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1 import preview_pb2 as rpc
from server import audit
from server.content.documents.rules import readable
from server.content.failures import DocumentNotFound
from server.content.previews import queries, rules
from server.content.previews.failures import PreviewLinkNotFound
from server.content.previews.tokens import Named, Tokens
from server.content.revisions.failures import RevisionNotFound
from server.rpc.call import Call
from server.rpc.lists.paging import Paging
from server.rpc.messages import message, moment
from server.stores.parameters import named
from server.stores.postgres import Database
from server.stores.statements import Row

WRITE = Permission.PERMISSION_DOCUMENTS_WRITE
PAGE_SIZE = 50


@dataclass(frozen=True)
class PreviewLinks:
    """Links as editors make, see and end them."""

    database: Database
    paging: Paging
    tokens: Tokens

    async def CreatePreviewLink(self, request: rpc.CreatePreviewLinkRequest, call: Call) -> rpc.CreatePreviewLinkResponse:
        asked = moment(request.expire_time) if request.HasField("expire_time") else None
        expire_time = rules.expire_time(asked, datetime.now(UTC))
        async with self.database.direct() as connection:
            found = await queries.STANDING.first(connection, id=uuid.UUID(request.id), number=request.revision_number)
            document = readable(found, call.caller)
            call.caller.require(WRITE, document.organisation_id, document.locale)
            if document.number is None:
                raise RevisionNotFound
            rules.check_previewable(document.number, document)
            columns = {
                "id": uuid7(),
                "document_id": document.id,
                "revision_number": document.number,
                "account_id": call.caller.known_id,
                "note": request.note,
                "expire_time": expire_time,
            }
            event = event_of("document.create_preview_link", document.organisation_id, columns)
            row = await queries.CREATION.first(connection, id=document.id, **named("link", columns), **event)
        if row is None:  # it was deleted meanwhile
            raise DocumentNotFound
        token = self.tokens.made(Named(row.id, row.document_id, row.revision_number))
        link = shown(row, document.live_revision_number)
        return rpc.CreatePreviewLinkResponse(preview_link=link, token=token, path=document.path, locale=document.locale)

    async def ListPreviewLinks(self, request: rpc.ListPreviewLinksRequest, call: Call) -> rpc.ListPreviewLinksResponse:
        page = self.paging.page(request, call.caller.known_id, PAGE_SIZE)
        document_id, before = uuid.UUID(request.document_id), page.after_id or uuid.UUID(queries.LAST)
        async with self.database.direct() as connection:
            document = readable(await queries.DOCUMENT.first(connection, document_id=document_id), call.caller)
            rows = await queries.LINKS.all(connection, document_id=document_id, before=before)
        links, token = page.cut(rows, lambda row: (row.id,))
        told = [shown(row, document.live_revision_number) for row in links]
        return rpc.ListPreviewLinksResponse(preview_links=told, next_page_token=token)

    async def RevokePreviewLink(self, request: rpc.RevokePreviewLinkRequest, call: Call) -> rpc.RevokePreviewLinkResponse:
        ids = {"document_id": uuid.UUID(request.document_id), "link_id": uuid.UUID(request.id)}
        async with self.database.direct() as connection:
            link = readable(await queries.ONE.first(connection, **ids), call.caller)
            call.caller.require(WRITE, link.organisation_id, link.locale)
            if link.id is None:
                raise PreviewLinkNotFound
            ended = None
            if link.end_time is None:
                event = event_of("document.revoke_preview_link", link.organisation_id, link._asdict())
                ended = await queries.REVOCATION.first(connection, **ids, **event)
        return rpc.RevokePreviewLinkResponse(preview_link=shown(ended or link, link.live_revision_number))


def shown(row: Row, live_revision_number: int | None) -> rpc.PreviewLink:
    return message(rpc.PreviewLink, row, is_open=rules.is_open(row, live_revision_number, datetime.now(UTC)))


def event_of(action: str, organisation_id: uuid.UUID, link: Mapping[str, Any]) -> dict[str, Any]:
    """Of the document, with which link it is about."""
    about = {"preview_link": str(link["id"]), "revision": link["revision_number"]}
    return audit.event(action, link["document_id"], organisation_id=organisation_id, **about)
