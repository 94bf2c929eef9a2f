"""PublishDocument: an approved draft becomes what the public sees."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1 import content_service_pb2 as rpc
from server.content.checks.details import Verdicts
from server.content.documents import views
from server.content.documents.premises import Premises
from server.content.documents.rules import changeable
from server.content.publishing import queries, rules
from server.content.publishing.pages import VANISHED, Publication
from server.content.publishing.publisher import Published, Publisher
from server.content.publishing.rendered import rendered
from server.content.rendering import Renderer
from server.content.types import held as types
from server.rpc.call import Call
from server.stores.postgres import Database

PUBLISH = Permission.PERMISSION_DOCUMENTS_PUBLISH
VANISH = Permission.PERMISSION_DOCUMENTS_VANISH


@dataclass(frozen=True)
class Publishing:
    """Publication of what was approved."""

    database: Database
    premises: Premises
    publisher: Publisher
    renderer: Renderer

    async def PublishDocument(self, request: rpc.PublishDocumentRequest, call: Call) -> rpc.PublishDocumentResponse:
        verdicts = Verdicts()

        async def attempt(anew: bool) -> Published | None:
            async with self.database.direct() as connection:
                found = await queries.APPROVED.first(connection, id=uuid.UUID(request.id))
                document = changeable(found, call.caller, PUBLISH, request)
                if document.live_state == VANISHED:  # it would be public again
                    call.caller.require(VANISH, document.organisation_id)
                rules.publish(document.draft_state)
                content_type = await self.premises.content_type(connection, document.content_type, anew=anew)
            await self.premises.check_complete(content_type, document, verdicts)
            rendering = await rendered(self.renderer, self.premises, document, content_type, call)
            document = await self.premises.objects.shown(document)
            publication = Publication(
                document=document._replace(version=document.version + 1),
                is_minor=request.minor,
                html=rendering.html,
                html_details=rendering.html_details,
                claimed_first_publish_time=document.claimed_first_publish_time,
                claimed_public_update_time=document.claimed_public_update_time if request.minor else None,
                action="document.publish",
                details={},
                begin=call.start,
            )
            async with self.database.direct() as connection:
                return await self.publisher.publish(
                    connection,
                    publication,
                    queries.PUBLICATION,
                    document_id=document.id,
                    document_version=document.version,
                    **types.parameters(content_type),
                )

        published = await self.premises.settled(attempt)
        document = views.document(published.document)
        return rpc.PublishDocumentResponse(document=document, record_number=published.record_number)
