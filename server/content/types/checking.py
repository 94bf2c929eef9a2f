"""Which documents satisfy a content type, or would if it were changed.

They are read in batches, each as large as this process may hold, and looked at in another process: so nothing here waits for
them. Nothing is locked; who acts on what was found has to know what was saved meanwhile (`changed`).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.content.v1.content_type_change_pb2 import DocumentSide, DocumentViolation, InvalidDocument
from server.background.processes import Processes, TooCostly
from server.content.checks.details import CHECK_SECONDS, TOO_COMPLEX, field_path
from server.content.checks.flaws import Flaw
from server.content.types import looking
from server.content.types.judging import Saved, Terms, Verdict, verdicts
from server.rpc.failures import cut
from server.rpc.objects import LargeObject, Object
from server.stores.horizon import HORIZON
from server.stores.postgres import Database
from server.stores.statements import Row, Statement

BATCH_SECONDS = 4.0
"""Of CPU time for a batch: it takes some hundredths. Where it takes more, each document has its own time."""
MOST_VIOLATIONS, MOST_FIELD = 5, 500
"""Of a document; and characters of a place, since members are called what somebody calls them."""
FIRST = uuid.UUID(int=0)


@dataclass
class Found:
    """What was found so far."""

    invalid: list[InvalidDocument] = field(default_factory=list)
    """Those that are kept: whoever looks at many keeps the first of them."""
    invalid_count: int = 0
    """Sides of documents that the change would make invalid."""
    already_count: int = 0
    unmovable_count: int = 0
    last_id: uuid.UUID = FIRST
    known: dict[uuid.UUID, int] = field(default_factory=dict)
    """The version of each document that was looked at."""

    def add(self, each: InvalidDocument) -> None:
        self.invalid.append(each)
        self.invalid_count += not each.is_invalid_already
        self.already_count += each.is_invalid_already
        self.unmovable_count += each.is_unmovable


@dataclass(frozen=True)
class Checks:
    """Looks at documents."""

    database: Database
    processes: Processes

    async def part(self, name: str, now: Terms, before: Terms, found: Found, *, most: int, room: int) -> bool:
        """Looks at documents behind those that were looked at, `most` or a few less, until `room` were found. Whether it has
        come to the end."""
        enough = len(found.known) + most - looking.BATCH
        is_first = True
        while is_first or len(found.known) <= enough:
            is_first = False
            given = {"name": name, "after": found.last_id, "with_body": with_body(now, before)}
            async with self.database.direct() as connection:
                rows = await looking.NEXT.all(connection, **given)
            if not rows:
                return True
            for document in await self.looked_at(rows, now, before):
                if room <= 0:
                    return False
                found.last_id, found.known[found.last_id] = document.id, document.version
                for each in document.invalid:
                    found.add(each)
                    room -= 1
        return False

    async def these(
        self,
        name: str,
        ids: Collection[uuid.UUID],
        now: Terms,
        before: Terms,
        found: Found,
        transaction: AsyncConnection | None = None,
    ) -> None:
        """Looks at these documents of the type, as a transaction sees them if there is one."""
        left = {*ids}
        while left:
            given: dict[str, Any] = {"name": name, "ids": [*left][: looking.BATCH], "with_body": with_body(now, before)}
            rows = await self.read(looking.THESE, given, transaction)
            left -= {row.id for row in rows} or {*given["ids"]}
            for document in await self.looked_at(rows, now, before):
                found.known[document.id] = document.version
                for each in document.invalid:
                    found.add(each)

    async def looked_at(self, rows: Sequence[Row], now: Terms, before: Terms) -> Iterable[Document]:
        """The documents, in their order."""
        sides = [row for row in rows if row.number is not None]
        found = await self.verdicts(now, before, [saved(row) for row in sides])
        documents = {row.id: Document(row.id, row.version) for row in rows}
        for row, verdict in zip(sides, found, strict=True):
            if verdict is not None:
                documents[row.id].invalid.append(told(row, verdict, now.body_member))
        return documents.values()

    async def verdicts(self, now: Terms, before: Terms, revisions: Sequence[Saved]) -> list[Verdict | None]:
        if not revisions:
            return []
        try:
            return await self.processes.run(verdicts, now, before, revisions, seconds=BATCH_SECONDS)
        except TooCostly:
            return [await self.alone(now, before, each) for each in revisions]

    async def alone(self, now: Terms, before: Terms, revision: Saved) -> Verdict | None:
        try:
            return (await self.processes.run(verdicts, now, before, [revision], seconds=CHECK_SECONDS))[0]
        except TooCostly:
            return Verdict([Flaw((), TOO_COMPLEX, False)], is_already=now == before, is_unmovable=False)

    async def changed(
        self, name: str, since: datetime, limit: int, transaction: AsyncConnection | None = None
    ) -> dict[uuid.UUID, int]:
        """The documents that were changed since then, and their versions."""
        rows = await self.read(looking.CHANGED, {"name": name, "since": since, "limit": limit}, transaction)
        return {row.id: row.version for row in rows}

    async def read(self, statement: Statement, given: dict[str, Any], transaction: AsyncConnection | None) -> Sequence[Row]:
        if transaction is not None:
            core: Any = statement.core
            rows: Sequence[Row] = (await transaction.execute(core, given)).all()
            return rows
        async with self.database.direct() as connection:
            return await statement.all(connection, **given)

    async def beginning(self, name: str) -> tuple[int, datetime]:
        """How many documents there are of the type, and a time before which nothing can change that is not seen by now."""
        async with self.database.direct() as connection:
            return await looking.COUNT.value(connection, name=name), await HORIZON.value(connection)


@dataclass
class Document:
    """A document that was looked at."""

    id: uuid.UUID
    version: int
    invalid: list[InvalidDocument] = field(default_factory=list)


def terms(schema: Object, body_member: str, moves: Sequence[dict[str, Any]]) -> Terms:
    text = schema.json if isinstance(schema, LargeObject) else json.dumps(schema) if schema else ""
    return Terms(text, body_member, moves)


def with_body(now: Terms, before: Terms) -> bool:
    """Whether a schema speaks of the body."""
    return bool(now.body_member or before.body_member)


def saved(row: Row) -> Saved:
    return Saved(row.details, row.content_type_version, row.body, not row.is_live and row.is_written_on, row.size_bytes)


def told(row: Row, verdict: Verdict, body_member: str) -> InvalidDocument:
    return InvalidDocument(
        id=str(row.id),
        organisation_id=str(row.organisation_id),
        path=row.path,
        locale=row.locale,
        side=DocumentSide.DOCUMENT_SIDE_LIVE if row.is_live else DocumentSide.DOCUMENT_SIDE_DRAFT,
        revision_number=row.number,
        violations=[
            DocumentViolation(field=cut(field_path(each.place, body_member), MOST_FIELD), description=each.description)
            for each in verdict.flaws[:MOST_VIOLATIONS]
        ],
        is_invalid_already=verdict.is_already,
        is_unmovable=verdict.is_unmovable,
    )
