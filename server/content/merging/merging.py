"""What a caller has changed, merged with what others have saved since: here and now, or in another process where it may take
long."""

from __future__ import annotations

import asyncio
import random
import uuid
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

import asyncpg
from prometheus_client import Counter

from gazette.content.v1.merging_pb2 import Merged
from server.background.processes import Processes, TooCostly
from server.content import failures, fields
from server.content.documents.merges import MergedWords
from server.content.documents.premises import Attempt, Result
from server.content.documents.rules import Named
from server.content.documents.words import WORDS, Words
from server.content.failures import StaleEtag
from server.content.merging import queries, views
from server.content.merging.failures import MergeConflict, MergeOvertaken, TooCostlyToMerge
from server.content.merging.fields import Merge, merge
from server.content.merging.rules import is_small, terms_of, version_of
from server.content.rendering.renderer import ALLOWANCE
from server.content.types.failures import FieldForbidden
from server.content.types.moving import since
from server.content.types.reading import Details
from server.rpc.call import Call
from server.stores.statements import Row

MOST_TOLD = 50
"""Collisions that a refusal could name: it has little room."""
SECONDS = 2.5
"""Of CPU time."""
ATTEMPTS = 30
PATIENCE = 3.0
"""Seconds after which a call does not try once more to save a merge."""
MERGES = Counter(
    "gazette_merges_total",
    "Changes that came to others' changes: merged (saved), unchanged (they said it already), conflict or overtaken.",
    ["outcome"],
)
ended = {outcome: MERGES.labels(outcome).inc for outcome in ("merged", "unchanged", "conflict", "overtaken")}

PAUSE = 0.02
"""Seconds, about, between two attempts. Other processes may merge into the same document."""


@dataclass(frozen=True)
class Merging:
    """Merges."""

    processes: Processes
    objects: Details
    turns: WeakValueDictionary[uuid.UUID, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    """Of each document into which somebody is merging: all at once would overtake each other."""

    async def base(self, connection: asyncpg.Connection, document: Row, etag: str) -> Row | None:
        """The revision that the etag stands for, if it is not the document's own. Raises StaleEtag where that is not known."""
        current = fields.document_etag(document)
        if etag == current:
            return None
        version = version_of(etag)
        base = None
        if version is not None and version < document.version:
            base = await queries.STOOD_FOR.first(connection, document_id=document.id, version=version)
        if base is None:
            raise StaleEtag(etag, current, document.id)
        return base

    async def in_terms(self, base: Row, document: Row, named: Named, content_type: Row) -> Row:
        """The base, its members where the content type has them now. Raises StaleEtag where the caller saw them elsewhere."""
        if since(content_type.moves, terms_of(named.etag) or base.content_type_version):
            raise StaleEtag(named.etag, fields.document_etag(document), document.id)
        found: Row = await self.objects.current(base, content_type)
        return found

    async def merged(self, document: Row, base: Row, yours: Words, call: Call) -> Merge:
        """What both say of what they began with. Raises TooCostlyToMerge; ResourceExhausted where too many wait, and
        Unavailable."""
        sides = words_of(base), words_of(document), yours
        if is_small(*sides):
            return merge(*sides)
        call.allowance = ALLOWANCE
        try:
            return await self.processes.run(merge, *sides, seconds=SECONDS)
        except TooCostly:
            raise TooCostlyToMerge(SECONDS) from None

    async def saved(self, document: Row, base: Row, yours: Words, named: Named, call: Call) -> MergedWords:
        """What both say, and what came of it. Raises as `merged`, and MergeConflict."""
        result = await self.merged(document, base, yours, call)
        if result.collisions:
            ended["conflict"]()
            told = [views.conflict(each) for each in result.collisions[:MOST_TOLD]]
            raise MergeConflict(named.etag, fields.document_etag(document), document.id, told, result.collision_count)
        return MergedWords(result.words, views.merged(result, base.number, document.revision_number))

    def done(self, told: Merged) -> None:
        """Counts a merge that was saved, or had nothing to save."""
        ended["unchanged" if told.unchanged else "merged"]()

    async def settled(self, document_id: uuid.UUID, attempt: Attempt[Result], call: Call) -> Result:
        """What the attempt comes to, which is made again while others save. Those of one process come one after the other.
        Raises what the attempt does, and MergeOvertaken."""
        turn = self.turns.setdefault(document_id, asyncio.Lock())
        async with turn:
            for number in range(ATTEMPTS):
                try:
                    result = await attempt(number > 0)
                except (failures.InvalidDetails, failures.PathReserved, FieldForbidden):
                    if number:
                        raise
                    continue
                if result is not None:
                    return result
                if call.seconds > PATIENCE + call.allowance:
                    break
                await asyncio.sleep(PAUSE * random.random())  # noqa: S311  nobody gains by knowing it  # nosec B311
        ended["overtaken"]()
        raise MergeOvertaken


def words_of(row: Row) -> Words:
    return {name: getattr(row, name) for name in WORDS}
