"""DeleteDocument and UndeleteDocument."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from gazette.content.v1 import deletion_pb2 as rpc
from server.content.deletion import queries, rules
from server.content.documents import saving, views
from server.content.documents.premises import Premises
from server.content.documents.queries import DOCUMENT
from server.content.documents.rules import changeable
from server.content.documents.saving import Save
from server.content.documents.writing import TRANSLATED_ELSEWHERE
from server.content.failures import KeyOfAnother, state_name
from server.content.transitions import DELETE, UNDELETE, after
from server.rpc.call import Call
from server.stores.parameters import named
from server.stores.postgres import Database
from server.stores.statements import Row


@dataclass(frozen=True)
class Deletion:
    """What was never public goes, and comes back for as long as it is kept."""

    database: Database
    premises: Premises

    async def DeleteDocument(self, request: rpc.DeleteDocumentRequest, call: Call) -> rpc.DeleteDocumentResponse:
        async with self.database.direct() as connection:

            async def attempt(anew: bool) -> Row | None:
                found = await DOCUMENT.first(connection, id=uuid.UUID(request.id))
                document = changeable(found, call.caller, DELETE.permission, request)
                state = rules.delete(document.live_state, document.draft_state)
                event = saving.event(DELETE.action, document, draft={"state": state_name(document.draft_state)})
                given = named("document", {"id": document.id, "version": document.version})
                written = await queries.DELETION.first(connection, **given, **event)
                version = document.version + 1
                changed = {"version": version, "delete_version": version, "draft_state": state}
                return written and document._replace(**changed, **written._asdict())

            row = await self.premises.settled(attempt)
        row = await self.premises.objects.shown(row)
        return rpc.DeleteDocumentResponse(document=views.document(row))

    async def UndeleteDocument(self, request: rpc.UndeleteDocumentRequest, call: Call) -> rpc.UndeleteDocumentResponse:
        async with self.database.direct() as connection:

            async def attempt(anew: bool) -> Row | None:
                found = await queries.DELETED.first(connection, id=uuid.UUID(request.id))
                document = rules.deleted(found, call.caller, request)
                path = request.path or document.path
                generation = await self.premises.generation(connection, document.organisation_id, path, anew=anew)
                is_moved = path != document.path
                if is_moved:
                    content_type = await self.premises.content_type(connection, document.content_type, anew=anew)
                    await self.premises.field_permissions.check_move(call.caller, content_type, document, path)
                row = document._replace(
                    path=path,
                    version=document.version + 1,
                    revision_number=document.revision_number + is_moved,
                    draft_state=after(document.draft_state, UNDELETE),
                    delete_time=None,
                    delete_version=None,
                )
                save = Save(row, parameters(row, document.version))
                more = saving.event(UNDELETE.action, row) | {"path_generation": generation}
                if is_moved:
                    more |= saving.copy(row, call.caller.known_id, document.revision_number)
                statement = queries.UNDELETION_MOVED if is_moved else queries.UNDELETION
                stored = await save.stored(connection, statement, **more)
                if stored is None and await TRANSLATED_ELSEWHERE.value(connection, **save.parameters):
                    raise KeyOfAnother
                return stored

            row = await self.premises.settled(attempt)
        row = await self.premises.objects.shown(row)
        return rpc.UndeleteDocumentResponse(document=views.document(row))


def parameters(row: Row, version: int) -> dict[str, object]:
    """What the statement is given of the document as it will stand, and the version that it has."""
    names = ("path", "revision_number", "draft_state", "delete_time", "delete_version")
    known = {name: getattr(row, name) for name in ("id", "translation_key", "organisation_id", *names)}
    return named("document", known | {"version": version})
