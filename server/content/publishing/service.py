"""PublishDocument: an approved draft becomes what the public sees."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1 import content_service_pb2 as rpc
from server.content.documents import views
from server.content.documents.rules import changeable
from server.content.publishing import rules
from server.content.publishing.approved import Approved, Wanted
from server.content.publishing.pages import VANISHED
from server.rpc.call import Call
from server.stores.statements import Row

PUBLISH = Permission.PERMISSION_DOCUMENTS_PUBLISH
VANISH = Permission.PERMISSION_DOCUMENTS_VANISH


@dataclass(frozen=True)
class Publishing:
    """Publication of what was approved."""

    approved: Approved

    async def PublishDocument(self, request: rpc.PublishDocumentRequest, call: Call) -> rpc.PublishDocumentResponse:
        def decide(found: Row | None) -> Wanted:
            document = changeable(found, call.caller, PUBLISH, request)
            if document.live_state == VANISHED:  # it would be public again
                call.caller.require(VANISH, document.organisation_id)
            rules.publish(document.draft_state)
            return Wanted(document, is_minor=request.minor)

        published = await self.approved.publish(uuid.UUID(request.id), decide, begin=call.start, call=call)
        document = views.document(published.document)
        notices = views.notices([*published.notices])
        return rpc.PublishDocumentResponse(document=document, record_number=published.record_number, notices=notices)
