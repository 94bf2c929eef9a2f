"""Who has changed a document since somebody read it, and what of it: said where their change is refused."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1.merging_pb2 import Editor
from server.content.documents.words import WORDS
from server.content.failures import StaleEtag
from server.content.merging import queries
from server.content.merging.failures import MergeConflict
from server.content.merging.rules import version_of
from server.content.merging.views import put_conflicts
from server.process.domains import Person
from server.rpc.call import Call
from server.rpc.failures import Unavailable, cut
from server.stores.postgres import Database
from server.stores.statements import Row

READ = Permission.PERMISSION_DOCUMENTS_READ
MOST_OF_A_NAME = 60
"""Characters of a name. A refusal has room for little (`server/rpc/failures.py`)."""
MOST_BYTES = 2_000
"""Of the detail, which leaves with all else in a header, in base64."""

People = Callable[[Collection[uuid.UUID]], Awaitable[Mapping[uuid.UUID, Person]]]


@dataclass(frozen=True)
class Explaining:
    """Completes refusals of what was decided by an older version. Costs nothing where nothing is refused."""

    database: Database
    people: People

    async def explain(self, failure: StaleEtag, call: Call) -> None:
        """Says it, if the database can be asked now; the refusal stands in any case."""
        if failure.document_id is None:
            return
        with suppress(Unavailable):
            await self.complete(failure, failure.document_id)

    async def complete(self, failure: StaleEtag, document_id: uuid.UUID) -> None:
        conflict = failure.conflict
        version = version_of(conflict.given_etag)
        async with self.database.direct() as connection:
            found = await queries.SINCE.first(connection, document_id=document_id, version=version or 0)
        if found is None:
            return
        people = await self.people(found.authors) if found.authors else {}
        conflict.document_id = str(document_id)
        if version_of(conflict.current_etag) != found.version:
            conflict.current_etag = str(found.version)
        conflict.revision_number = found.revision_number
        conflict.base_revision_number = found.base_number or 0
        conflict.saved_by.extend(editor(each, people.get(each), found) for each in found.authors)
        conflict.saved_by_count = found.author_count
        conflict.fields.extend(name for name in WORDS if found.base_number and getattr(found, name))
        if isinstance(failure, MergeConflict):
            conflict.conflict_count = failure.count
            put_conflicts(conflict.conflicts, failure.conflicts, MOST_BYTES - conflict.ByteSize())
        failure.metadata = {
            "given": cut(conflict.given_etag, MOST_OF_A_NAME),
            "current": conflict.current_etag,
            "base_revision": str(conflict.base_revision_number or ""),
            "revision": str(conflict.revision_number),
            "saved_by": ", ".join(each.account_id for each in conflict.saved_by),
            "saved_by_names": ", ".join(each.display_name for each in conflict.saved_by if each.display_name),
            "fields": ", ".join(conflict.fields),
        }


def editor(account_id: uuid.UUID, person: Person | None, document: Row) -> Editor:
    """By name only who is still a colleague."""
    is_known = person is not None and person.caller.may(READ, document.organisation_id)
    return Editor(account_id=str(account_id), display_name=cut(person.name, MOST_OF_A_NAME) if person and is_known else "")
