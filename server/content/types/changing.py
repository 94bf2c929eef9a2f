"""A content type is changed: every document of it is held against what it is to become, and none slips through meanwhile.

Documents are looked at while others save them. Before the change is written the table of documents is locked: whoever was
writing one has ended by then, and whoever begins waits, and is judged by the new version. Only what was saved since the look is
looked at again under the lock.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.content.v1.content_type_pb2 import ContentType
from server import audit
from server.content import fields as content_fields
from server.content.locks import DOCUMENTS_UNCHANGED
from server.content.types import queries
from server.content.types.checking import Checks, Found
from server.content.types.creating import existing, shown
from server.content.types.failures import CheckNeeded, DocumentsWouldBeInvalid, Hindered
from server.content.types.proposing import Proposal
from server.stores.postgres import AnyRow, Database

MOST_AT_ONCE = 2_000
"""Documents that one call looks at."""
MOST_SINCE = 4_000
"""Documents that may have been changed since a check."""
MOST_UNDER_LOCK = 50
LOCKED_SECONDS = 3.0
"""For which nobody saves a document, at the most, while the lock is waited for, and while it is held."""
NAMED = 10
"""Documents that a check's token names."""


class Checked(NamedTuple):
    """What a check came to that is done."""

    version: int
    """Of the content type."""
    since: datetime
    """What was changed from then on may not have been seen."""
    checked_count: int
    total_count: int
    invalid_count: int
    already_count: int
    unmovable_count: int
    named: list[str]
    """The ids of the first documents that it would make invalid."""


@dataclass(frozen=True)
class Change:
    """Makes a change, or says what is in its way."""

    database: Database
    checks: Checks

    async def make(
        self, proposal: Proposal, checked: Checked | None, author_id: uuid.UUID, *, accept_invalid: bool
    ) -> tuple[ContentType, Found]:
        """The changed content type, and what became invalid. Raises StaleEtag, CheckNeeded, DocumentsWouldBeInvalid,
        Hindered, ContentTypeTooLarge."""
        found, since = Found(), None
        if proposal.concerns_documents:
            since = await self.look(proposal, checked, found)
            decide(found, accept_invalid=accept_invalid)
        async with self.database.transaction() as connection:
            if since is not None:
                await soon(connection.execute(DOCUMENTS_UNCHANGED))
            row = await existing(connection, proposal.row.name, lock=True)
            content_fields.check_etag(content_fields.etag(proposal.row.version), row.version)
            if since is not None:
                await self.look_again(connection, proposal, since, found)
                decide(found, accept_invalid=accept_invalid)
            row = await queries.update_content_type(connection, author_id, row.name, **proposal.columns)
            await audit.add(connection, "content_type.update", row.name, **told(proposal, row, found))
            return shown(row), found

    async def look(self, proposal: Proposal, checked: Checked | None, found: Found) -> datetime:
        """Looks at all documents, or, after a check, at those that were changed since and those that it names. From when on
        what is changed may not have been seen."""
        name, now, before = proposal.row.name, proposal.now, proposal.before
        if checked is None:
            total, since = await self.checks.beginning(name)
            if total > MOST_AT_ONCE:
                raise CheckNeeded(total, MOST_AT_ONCE)
            while not await self.checks.part(name, now, before, found, most=MOST_AT_ONCE, room=MOST_AT_ONCE * 4):
                pass
            return since
        since = checked.since
        changed = await self.checks.changed(name, since, MOST_AT_ONCE + 1)
        if len(changed) > MOST_AT_ONCE:
            raise CheckNeeded(len(changed), MOST_AT_ONCE)
        ids = {*changed, *map(uuid.UUID, checked.named)}
        await self.checks.these(name, ids, now, before, found)
        if checked.invalid_count > len(checked.named):  # there are more than can have been mended
            found.invalid_count = max(found.invalid_count, checked.invalid_count)
            found.unmovable_count = max(found.unmovable_count, checked.unmovable_count)
        return since

    async def look_again(self, connection: AsyncConnection, proposal: Proposal, since: datetime, found: Found) -> None:
        """At what was saved since. Raises Hindered where that is too much."""
        name = proposal.row.name
        changed = await self.checks.changed(name, since, MOST_SINCE + 1, connection)
        ids = {id for id, version in changed.items() if found.known.get(id) != version}
        if len(changed) > MOST_SINCE or len(ids) > MOST_UNDER_LOCK:
            raise Hindered
        if ids:
            await soon(self.checks.these(name, ids, proposal.now, proposal.before, found, connection))


async def soon(work: Awaitable[object]) -> None:
    """Waits for what keeps others from saving, but not for long. Raises Hindered."""
    try:
        async with asyncio.timeout(LOCKED_SECONDS):
            await work
    except TimeoutError:
        raise Hindered from None


def decide(found: Found, *, accept_invalid: bool) -> None:
    """Raises DocumentsWouldBeInvalid."""
    new = [each for each in found.invalid if not each.is_invalid_already]
    if found.unmovable_count:
        first = [each for each in new if each.is_unmovable]
        raise DocumentsWouldBeInvalid(found.invalid_count, first, unmovable_count=found.unmovable_count)
    if found.invalid_count and not accept_invalid:
        raise DocumentsWouldBeInvalid(found.invalid_count, new)


def told(proposal: Proposal, row: AnyRow, found: Found) -> dict[str, Any]:
    """What the audit is to know."""
    details: dict[str, Any] = {"fields": sorted(proposal.columns), "version": row.version}
    if found.invalid_count:
        details["accepted_invalid"] = found.invalid_count
    return details
