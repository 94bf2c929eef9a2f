"""What accounts may do now, where an access token cannot say: a role was taken since it was issued, or it has expired under a
stream whose session goes on."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from server.auth import permissions
from server.auth.accounts import queries as account_queries
from server.auth.clock import utc_now
from server.auth.failures import InvalidAccessToken
from server.auth.sessions import queries
from server.auth.sessions.revocations import Revocations
from server.rpc.caller import Caller
from server.stores.postgres import Database

REMEMBERED = 4096
"""How many sessions a process remembers the standing of."""
MEMORY = timedelta(seconds=60)
"""For how long it is taken for what it was, unless PostgreSQL announces otherwise: then it is asked about at once."""


class Standing(NamedTuple):
    """What was found out about a session."""

    caller: Caller
    ask_time: datetime
    """When PostgreSQL was asked."""


@dataclass
class Standings:
    """Asks PostgreSQL, once for each change."""

    database: Database
    revocations: Revocations
    is_listening: Callable[[], bool]
    """Whether this process would hear of a change. While it would not, nothing is taken for what it was."""
    totp_required_roles: Collection[str]
    now: Callable[[], datetime] = utc_now
    known: dict[uuid.UUID, Standing] = field(default_factory=dict, repr=False)
    """By the session's id, the earliest first."""

    async def find(self, caller: Caller) -> Caller:
        """The caller as it is now, who has a session. Raises InvalidAccessToken if that has ended, or the account may not sign
        in any more."""
        session_id = caller.known_session_id
        known = self.known.get(session_id)
        if known is None or not self.holds(known):
            self.known.pop(session_id, None)
            known = await self.ask(caller)
        return known.caller

    def holds(self, known: Standing) -> bool:
        is_newer = self.revocations.is_newer(known.ask_time, known.caller.known_id, known.caller.known_session_id)
        return self.is_listening() and not is_newer and self.now() - known.ask_time < MEMORY

    async def ask(self, caller: Caller) -> Standing:
        now, session_id = self.now(), caller.known_session_id
        async with self.database.read() as connection:
            account = await queries.account_of(connection, session_id, now)
            if account is None:
                raise InvalidAccessToken
            grants = await account_queries.grants(connection, account.id)
        rights = permissions.rights(account, grants, self.totp_required_roles)
        held = permissions.held(rights.grants)
        found = Caller(account_id=account.id, session_id=session_id, must_enrol=rights.must_enrol, **held._asdict())
        if len(self.known) >= REMEMBERED:
            del self.known[next(iter(self.known))]
        known = self.known[session_id] = Standing(found, now)
        return known
