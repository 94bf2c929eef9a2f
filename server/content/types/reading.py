"""What documents say, as their content types have it by now.

A query that reads what a revision says reads `MOVES` beside it, and all that is shown of rows goes through here: so nobody has
to think of moves but who writes what was read, which goes by the content type that it is held against.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.struct_pb2 import Struct
from sqlalchemy import ColumnElement, Integer, func, literal_column, select
from sqlalchemy.orm import aliased

from server.background.objects import SECONDS, Objects
from server.background.processes import Processes
from server.content.models import ContentType, Document, Revision
from server.content.types.moving import Stored, moved, since
from server.rpc.objects import LargeObject, Object, from_json, loaded
from server.stores.statements import Row

DETAILS = "details"
FEW_MOVES = 10
"""How many are made on the event loop, of details that are not large: each takes some hundred microseconds at the most."""


LAST: ColumnElement[int] = literal_column("coalesce((content_types.moves -> -1 ->> 'version')::integer, 0)", Integer())
"""The version that made the last of its moves."""
NEWEST = aliased(Revision)


def pending(content_type: Any) -> Any:
    """The moves of the content type of this name, if it has made any since the revision of the row was saved."""
    is_behind = func.coalesce(Revision.content_type_version, 0) < LAST
    return of_type(content_type, ContentType.moves, is_behind).label("moves")


def moved_version(document: Any) -> Any:
    """The version that made the last of them, if it is later than the document's newest revision, whichever the row tells of: a
    part of the etag."""
    newest = select(NEWEST.content_type_version)
    newest = newest.where(NEWEST.document_id == document.id, NEWEST.number == document.revision_number)
    is_behind = func.coalesce(newest.correlate_except(NEWEST).scalar_subquery(), 0) < LAST
    return of_type(document.content_type, LAST, LAST > 0, is_behind).label("moved_version")


def of_type(name: Any, column: Any, *conditions: Any) -> Any:
    found = select(column).where(ContentType.name == name, *conditions)
    return found.correlate_except(ContentType).scalar_subquery()


MOVES = (Revision.content_type_version, pending(Document.content_type), moved_version(Document))


@dataclass(frozen=True)
class Details:
    """As `Objects`, which knows nothing of moves."""

    objects: Objects

    @classmethod
    def of(cls, processes: Processes) -> Details:
        return cls(Objects(processes))

    async def taken(self, struct: Struct) -> Object:
        """What a request holds, as it is stored. Raises InvalidArgument."""
        return await self.objects.taken(struct)

    async def shown(self, row: Any, column: str = DETAILS) -> Any:
        """The row, its details as they are now, with what a message needs of the object in this column. None as it is."""
        return await self.objects.shown(await self.current(row) if column == DETAILS else row, column)

    async def current(self, row: Any, content_type: Row | None = None) -> Any:
        """The row with its details as the content type has them: as this one does, or else as it was when the row was read.
        What the public gets of them is made anew. None as it is."""
        moves = (content_type.moves if content_type else getattr(row, "moves", None)) if row is not None else None
        if not moves:
            return row
        ahead = since(moves, row.content_type_version)
        if not ahead or row.details is None:
            return row
        changed = {"details": await self.moved(row.details, ahead), "content_type_version": ahead[-1]["version"]}
        if hasattr(row, "renderer"):
            changed["renderer"] = None
        return row._replace(**changed)

    async def moved(self, details: Object, moves: Sequence[Stored]) -> Object:
        if len(moves) <= FEW_MOVES and not isinstance(details, LargeObject):
            return moved(details, moves).details
        return await self.objects.processes.run(moved_object, details, moves, seconds=SECONDS)


def moved_object(details: Object, moves: Sequence[Stored]) -> Object:
    result = moved(loaded(details), moves).details
    return from_json(result) if isinstance(details, LargeObject) else result
