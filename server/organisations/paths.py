"""Parts of the site that are one organisation's own: reserving them, and giving them up.

Before they change, content is asked whether a part of the site is in use. Organisations do not know content: the application
hands them its function. A draft counts as use, so a draft's path never becomes somebody else's, and publication need not ask
again.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from server import audit
from server.organisations import failures, queries, rules

MAX_PREFIXES = 2_000
"""Of one organisation: with 512 characters each they fit into an answer, and what is one's own is in few places."""


class OthersUse(Protocol):
    """What organisations ask content."""

    async def __call__(
        self, connection: AsyncConnection, prefix: str, organisation_id: uuid.UUID, *, but: Collection[str]
    ) -> bool:
        """Whether any organisation but this one has drafts, pages, redirects or tombstones at the prefix or below, leaving out
        what is at the longer prefixes in `but` and below them; or has a redirect above that covers the prefix. Until the
        transaction ends nobody puts anything anywhere, and whoever had begun to has ended."""


async def reserve(connection: AsyncConnection, organisation_id: uuid.UUID, prefix: str, others_use: OthersUse) -> None:
    """Makes the prefix this organisation's own, which it may be already. Raises PrefixTaken, PathInUse, TooManyPrefixes."""
    await queries.lock_reservations(connection)
    reservations = await queries.reservations(connection, prefix, organisation_id)
    if prefix in reservations:
        if reservations[prefix] != organisation_id:
            raise failures.PrefixTaken
        return
    if [*reservations.values()].count(organisation_id) >= MAX_PREFIXES:
        raise failures.TooManyPrefixes(MAX_PREFIXES)
    if await others_use(connection, prefix, organisation_id, but=rules.inside(reservations, prefix)):
        raise failures.PathInUse(prefix)
    await queries.add_reservation(connection, prefix, organisation_id)
    await audit.add(
        connection, "path.reserve", organisation_id, organisation_id=organisation_id, prefix=prefix, by=audit.origin()
    )


async def release(connection: AsyncConnection, organisation_id: uuid.UUID, prefix: str, others_use: OthersUse) -> None:
    """Gives the prefix up. Raises PathNotReserved, and PathInUse if what is there would come to another organisation, whose
    shorter prefix covers it."""
    await queries.lock_reservations(connection)
    reservations = await queries.reservations(connection, prefix, organisation_id)
    if reservations.pop(prefix, None) != organisation_id:
        raise failures.PathNotReserved
    heir = rules.owner(reservations, prefix)
    if heir and await others_use(connection, prefix, heir, but=rules.inside(reservations, prefix)):
        raise failures.PathInUse(prefix)
    await queries.remove_reservation(connection, prefix)
    await audit.add(
        connection, "path.release", organisation_id, organisation_id=organisation_id, prefix=prefix, by=audit.origin()
    )
