"""AnnouncePresence: the caller has a document open, and learns who else has."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1 import presence_pb2 as rpc
from server.content.documents import rules
from server.content.documents.queries import WHOSE
from server.content.presence.present import Presences
from server.process.domains import Person
from server.rpc.call import Call
from server.rpc.messages import message
from server.stores.postgres import Database

READ = Permission.PERMISSION_DOCUMENTS_READ
MOST_SHOWN = 50

People = Callable[[Collection[uuid.UUID]], Awaitable[Mapping[uuid.UUID, Person]]]


@dataclass(frozen=True)
class Presence:
    """Only who may read a document is told, and noted. Names are looked up when they are shown, of those who may still read
    it."""

    database: Database
    presences: Presences
    people: People

    async def AnnouncePresence(self, request: rpc.AnnouncePresenceRequest, call: Call) -> rpc.AnnouncePresenceResponse:
        id = uuid.UUID(request.id)
        async with self.database.direct() as connection:
            document = rules.readable(await WHOSE.first(connection, document_id=id), call.caller)
        found = await self.presences.announce(id, call.caller.known_id, request.field, leaves=request.leave)
        if found is None:
            return rpc.AnnouncePresenceResponse(is_unknown=True)
        people = await self.people([each.account_id for each in found]) if found else {}
        response = rpc.AnnouncePresenceResponse()
        for each in found:
            person = people.get(each.account_id)
            if person is not None and person.caller.may(READ, document.organisation_id):
                response.others.append(message(rpc.Presence, each, display_name=person.name))
        del response.others[MOST_SHOWN:]
        return response
