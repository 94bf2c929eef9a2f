"""The reservations, as those need them who put something at a path: all of them at once, held in the process.

A statement that acts on `Reservations.may_use` has the condition `ARE_UNCHANGED`, and is given their `generation`: it finds
nothing to do if a reservation was made or given up since they were read.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

import asyncpg

from server.organisations import rules
from server.organisations.queries import RESERVED


@dataclass(frozen=True)
class Reservations:
    """All of them, as they were at one moment."""

    generation: int
    """How often they had changed by then."""
    by_prefix: rules.Reservations
    organisations: frozenset[uuid.UUID] = field(init=False)
    """Those that have any."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "organisations", frozenset(self.by_prefix.values()))

    def may_use(self, organisation_id: uuid.UUID, path: str, *, with_all_below: bool = False) -> bool:
        """Whether the organisation may put something at the path, or there and at all below."""
        return rules.may_use(
            self.by_prefix,
            organisation_id,
            path,
            has_prefixes=organisation_id in self.organisations,
            with_all_below=with_all_below,
        )


async def read_reservations(connection: asyncpg.Connection, key: str = "") -> Reservations:
    """Reads all of them, as a `Held` does."""
    rows = await RESERVED.all(connection)
    return Reservations(rows[0].number, {row.prefix: row.organisation_id for row in rows if row.prefix is not None})
