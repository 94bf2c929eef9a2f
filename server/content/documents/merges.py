"""What UpdateDocument asks of merging, which is a room above this one."""

from __future__ import annotations

import uuid
from typing import NamedTuple, Protocol

import asyncpg

from gazette.content.v1.merging_pb2 import Merged
from server.content.documents.premises import Attempt, Result
from server.content.documents.rules import Named
from server.content.documents.words import Words
from server.rpc.call import Call
from server.stores.statements import Row


class MergedWords(NamedTuple):
    """What is to be saved, and what came of the merge, as the answer tells it."""

    words: Words
    told: Merged


class Updated(NamedTuple):
    """A document that was saved, or merged with what said the same."""

    row: Row
    told: Merged | None


class Merges(Protocol):
    """Merges what a caller has changed with what others have saved since."""

    async def base(self, connection: asyncpg.Connection, document: Row, etag: str) -> Row | None:
        """The revision that the etag stands for, if it is not the document's own. Raises StaleEtag where that is not known."""

    async def in_terms(self, base: Row, document: Row, named: Named, content_type: Row) -> Row:
        """The base, its members where the content type has them now. Raises StaleEtag where the caller saw them elsewhere."""

    async def saved(self, document: Row, base: Row, yours: Words, named: Named, call: Call) -> MergedWords:
        """What both say. Nobody should hold a connection meanwhile. Raises MergeConflict, TooCostlyToMerge."""

    def done(self, told: Merged) -> None:
        """Counts a merge that was saved, or had nothing to save."""

    async def settled(self, document_id: uuid.UUID, attempt: Attempt[Result], call: Call) -> Result:
        """As `Premises.settled`, for attempts that merge: they come one after the other. Raises MergeOvertaken."""
