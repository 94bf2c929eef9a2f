"""CheckDocument: what keeps a revision from being published, and what its readers will stumble over."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from gazette.content.v1 import publish_check_pb2 as rpc
from server.content.documents import rules
from server.content.documents.premises import Premises
from server.content.publish_checks import queries, views
from server.content.publish_checks.checking import Checked
from server.content.publish_checks.failures import RevisionNotFound
from server.rpc.call import Call
from server.stores.postgres import Database


@dataclass(frozen=True)
class Checking:
    """Only reads. Submitting, scheduling and publishing look at the same, by the same way."""

    database: Database
    premises: Premises
    checked: Checked

    async def CheckDocument(self, request: rpc.CheckDocumentRequest, call: Call) -> rpc.CheckDocumentResponse:
        async with self.database.direct() as connection:
            found = await queries.ASKED_FOR.first(connection, id=uuid.UUID(request.id), number=request.revision_number or None)
            document = rules.readable(found, call.caller)
            if document.number is None:
                raise RevisionNotFound
            content_type = await self.premises.content_type(connection, document.content_type, anew=True)
        document = await self.premises.objects.current(document, content_type)
        judgement = await self.checked.judgement(document, content_type, call)
        return views.answer(judgement, document.number)
