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
from server.content.failures import TooCostlyToRender, TooLarge, Unpublishable
from server.content.publishing import queries, rules
from server.content.publishing.pages import Publication
from server.content.publishing.publisher import Published, Publisher
from server.content.rendering import Renderer, Rendering
from server.content.types import held as types
from server.rpc.call import Call
from server.stores.postgres import Database
from server.stores.statements import Row

PUBLISH = Permission.PERMISSION_DOCUMENTS_PUBLISH


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
                rules.publish(document.draft_state)
                content_type = await self.premises.content_type(connection, document.content_type, anew=anew)
            await self.premises.check_complete(content_type, document, verdicts)
            rendering = await self.rendering(document, content_type, call)
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

    async def rendering(self, document: Row, content_type: Row, call: Call) -> Rendering:
        """What was kept when the draft was saved, or what comes of it now if that was by other rules. Raises Unpublishable."""
        kept = Rendering(document.html, document.html_details, document.renderer)
        try:
            rendering = await self.renderer.rendering(document._asdict(), content_type.html_members, kept, call)
        except (TooLarge, TooCostlyToRender) as failure:
            raise Unpublishable(failure) from failure
        shown: Rendering = await self.premises.objects.shown(rendering, "html_details")
        return shown
