"""A draft's steps through its review."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1.document_pb2 import DraftState
from gazette.content.v1.publish_check_pb2 import PublishProblem
from server.content.checks.details import Verdicts
from server.content.documents import saving, views
from server.content.documents.premises import Premises
from server.content.documents.queries import DOCUMENT
from server.content.documents.rules import changeable
from server.content.documents.saving import Save
from server.content.publish_checks.checking import Checked, Judged
from server.content.publish_checks.queries import NEWEST
from server.content.publish_checks.rules import check_may_override, overrides, told
from server.content.review import queries, rules
from server.content.types import held as types
from server.rpc.call import Call
from server.stores.parameters import named
from server.stores.postgres import Database
from server.stores.statements import Row

WRITE = Permission.PERMISSION_DOCUMENTS_WRITE
REVIEW = Permission.PERMISSION_DOCUMENTS_REVIEW


@dataclass(frozen=True)
class Review:
    """Each step reads the draft, decides, and is written if the draft still is what was read."""

    database: Database
    premises: Premises
    checked: Checked

    async def SubmitDocument(self, request: rpc.SubmitDocumentRequest, call: Call) -> rpc.SubmitDocumentResponse:
        verdicts, judged, overriding = Verdicts(), Judged(), overrides(request)
        problems: list[PublishProblem] = []

        async def attempt(anew: bool) -> Row | None:
            async with self.database.direct() as connection:
                found = await NEWEST.first(connection, id=uuid.UUID(request.id))
                document = changeable(found, call.caller, WRITE, request)
                check_may_override(call.caller, overriding, document.organisation_id)
                state = rules.step(document.draft_state, rules.SUBMIT)
                content_type = await self.premises.content_type(connection, document.content_type, anew=anew)
            await self.premises.check_complete(content_type, document, verdicts)
            passed = await self.checked.passed(document, content_type, overriding, judged, call)
            problems[:] = passed.problems
            about = told(passed.overridden, overriding.reason)
            save = step("document.submit", document, state, request.comment, call, **about)
            async with self.database.direct() as connection:
                return await save.stored(connection, queries.COMPLETE_STEP, **types.parameters(content_type))

        row = await self.premises.objects.shown(await self.premises.settled(attempt))
        return rpc.SubmitDocumentResponse(document=views.document(row), problems=problems)

    async def ApproveDocument(self, request: rpc.ApproveDocumentRequest, call: Call) -> rpc.ApproveDocumentResponse:
        async with self.database.direct() as connection:

            async def attempt(anew: bool) -> Row | None:
                found = await queries.REVIEWED.first(connection, id=uuid.UUID(request.id))
                document = changeable(found, call.caller, REVIEW, request)
                state = rules.approve(document.draft_state, call.caller.known_id, document.authors)
                save = step("document.approve", document, state, request.comment, call)
                return await save.stored(connection, queries.STEP)

            row = await self.premises.settled(attempt)
        row = await self.premises.objects.shown(row)
        return rpc.ApproveDocumentResponse(document=views.document(row))

    async def RequestChanges(self, request: rpc.RequestChangesRequest, call: Call) -> rpc.RequestChangesResponse:
        async with self.database.direct() as connection:

            async def attempt(anew: bool) -> Row | None:
                found = await DOCUMENT.first(connection, id=uuid.UUID(request.id))
                document = changeable(found, call.caller, REVIEW, request)
                state = rules.step(document.draft_state, rules.REQUEST_CHANGES)
                save = step("document.request_changes", document, state, request.comment, call)
                return await save.stored(connection, queries.STEP)

            row = await self.premises.settled(attempt)
        row = await self.premises.objects.shown(row)
        return rpc.RequestChangesResponse(document=views.document(row))


def step(action: str, document: Row, state: DraftState.ValueType, comment: str, call: Call, **details: Any) -> Save:
    """The draft's next state, with what was said to it."""
    row = document._replace(draft_state=state, version=document.version + 1)
    changed = {"id": row.id, "version": document.version, "draft_state": state}
    said = {
        "revision_number": row.revision_number,
        "account_id": call.caller.known_id,
        "draft_state": state,
        "comment": comment,
    }
    return Save(row, named("document", changed) | named("review", said) | saving.event(action, row, **details))
