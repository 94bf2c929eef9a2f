"""The sessions that were ended before their time, in every process's memory, so that no access token of theirs is honoured; and
API keys, and accounts that lost a role while their sessions go on, which are asked about anew.

PostgreSQL notifies every process (NOTIFY) in the transaction of the change. What changed while a process's connection was down
it reads when the connection is back. A session or an account is remembered for as long as an access token could hold.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from server.auth.clock import MAX_SKEW, utc_now
from server.auth.sessions import queries
from server.stores.postgres import Database

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass
class Revocations:
    """Knows what was revoked or changed without asking anybody."""

    database: Database
    lifetime: timedelta
    """How long an access token holds."""
    now: Callable[[], datetime] = utc_now
    heard: dict[uuid.UUID, datetime] = field(default_factory=dict)
    """The sessions, keys and accounts, and when this process heard of each; the earliest first."""
    whole_since: datetime = NEVER
    """From when on nothing was missed that PostgreSQL announced."""

    def __contains__(self, session_id: object) -> bool:
        return session_id in self.heard

    def add(self, session_id: uuid.UUID) -> None:
        now = self.now()
        self.heard.pop(session_id, None)
        self.heard[session_id] = now
        while now - self.heard[earliest := next(iter(self.heard))] > self.memory:
            del self.heard[earliest]

    def add_all(self, session_ids: Iterable[uuid.UUID]) -> None:
        """Honours no more what was ended here, at once; elsewhere that begins when PostgreSQL announces it. For after the
        commit."""
        for session_id in session_ids:
            self.add(session_id)

    def receive(self, payload: str) -> None:
        self.add(uuid.UUID(payload))

    async def catch_up(self) -> None:
        """After every connect: reads which sessions ended, and which accounts changed, while nothing was heard. Keys are asked
        about when they come."""
        self.whole_since = self.now()
        async with self.database.read() as connection:
            self.add_all(await queries.revoked_since(connection, self.now() - self.memory))

    def is_newer(self, ask_time: datetime, *ids: uuid.UUID) -> bool:
        """Whether any of these may have changed since PostgreSQL was asked."""
        missed = self.whole_since  # what was found out before then may have changed unheard
        return ask_time <= max([missed, *(self.heard.get(each, missed) for each in ids)])

    @property
    def memory(self) -> timedelta:
        """For how long an access token could be taken for valid after its session has ended."""
        return self.lifetime + MAX_SKEW
