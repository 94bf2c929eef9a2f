"""PublishDocument: an approved draft becomes what the public sees."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1 import content_service_pb2 as rpc
from server.content.documents import views
from server.content.documents.premises import Premises
from server.content.documents.queries import DOCUMENT
from server.content.documents.rules import changeable
from server.content.publishing import queries, rules
from server.content.publishing.pages import Publication
from server.content.publishing.publisher import Publisher
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

    async def PublishDocument(self, request: rpc.PublishDocumentRequest, call: Call) -> rpc.PublishDocumentResponse:
        async with self.database.direct() as connection:

            async def attempt(anew: bool) -> Row | None:
                found = await DOCUMENT.first(connection, id=uuid.UUID(request.id))
                document = changeable(found, call.caller, PUBLISH, request)
                rules.publish(document.draft_state)
                content_type = await self.premises.content_type(connection, document.content_type, anew=anew)
                self.premises.schemas.check_complete(content_type, document.details, document.body)
                publication = Publication(
                    document=document._replace(version=document.version + 1),
                    content_type=content_type,
                    is_minor=request.minor,
                    claimed_first_publish_time=document.claimed_first_publish_time,
                    claimed_public_update_time=document.claimed_public_update_time if request.minor else None,
                    action="document.publish",
                    details={},
                )
                return await self.publisher.publish(
                    connection,
                    publication,
                    queries.PUBLICATION,
                    document_id=document.id,
                    document_version=document.version,
                    **types.parameters(content_type),
                )

            row = await self.premises.settled(attempt)
        return rpc.PublishDocumentResponse(document=views.document(row))
