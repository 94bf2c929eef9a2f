"""Finding out who holds a credential: an access token of somebody who signed in, or an API key of a service."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from server.auth import permissions
from server.auth.accounts import queries as account_queries
from server.auth.api_keys import queries as api_key_queries
from server.auth.api_keys import rules as api_key_rules
from server.auth.clock import utc_now
from server.auth.failures import InvalidAccessToken, InvalidApiKey
from server.auth.sessions.revocations import Revocations
from server.auth.sessions.standings import Standings
from server.auth.tokens.access import AccessTokens
from server.rpc.call import Call
from server.rpc.caller import Caller
from server.stores.postgres import Database

REMEMBERED = 4096
"""How many API keys a process remembers."""
MEMORY = timedelta(seconds=60)
"""For how long a key is taken for what it was, unless PostgreSQL announces otherwise: then it is asked about at once."""


class Known(NamedTuple):
    """What was found out about a key."""

    caller: Caller
    key_id: uuid.UUID
    ask_time: datetime
    """When PostgreSQL was asked."""
    forget_time: datetime


@dataclass
class Credentials:
    """The process's `Authenticator`. Neither a token nor a key that is known costs a question to anybody, unless what it stands
    for has changed."""

    tokens: AccessTokens
    database: Database
    revocations: Revocations
    is_listening: Callable[[], bool]
    """Whether this process would hear of a revocation. While it would not, no key is taken for what it was."""
    standings: Standings
    check_stranger: Callable[[Call], None]
    """Raises what keeps somebody from trying one key after another: each that has a key's form costs PostgreSQL a question."""
    now: Callable[[], datetime] = utc_now
    known: dict[bytes, Known] = field(default_factory=dict, repr=False)
    """What was found out, by the key's SHA-256, the earliest first."""

    async def identify(self, credential: str, call: Call) -> Caller:
        """The caller whom the credential stands for. Raises InvalidAccessToken, InvalidApiKey, and what `check_stranger`
        does."""
        if not credential.startswith(api_key_rules.PREFIX):
            caller = await self.tokens.identify(credential)
            return await self.standings.find(caller) if caller.account_id in self.revocations else caller
        api_key_rules.id_of(credential)
        digest = api_key_rules.digest(credential)
        if digest not in self.known:
            self.check_stranger(call)
        return await self.holder(digest)

    async def identify_again(self, credential: str, call: Call) -> Caller:
        """The same caller as it is now, while a call of theirs is under way. Who began it with an access token that has expired
        meanwhile goes on for as long as the session does. Raises InvalidAccessToken, InvalidApiKey."""
        if credential.startswith(api_key_rules.PREFIX):
            return await self.holder(api_key_rules.digest(credential))
        try:
            return await self.identify(credential, call)
        except InvalidAccessToken:
            if call.caller.session_id in self.revocations:
                raise
            return await self.standings.find(call.caller)

    async def holder(self, digest: bytes) -> Caller:
        """Raises InvalidApiKey."""
        known = self.known.get(digest)
        if known is None or not self.holds(known):
            self.known.pop(digest, None)
            known = await self.ask(digest)
        return known.caller

    def holds(self, known: Known) -> bool:
        """Whether the key still is what it was when PostgreSQL was asked."""
        is_newer = self.revocations.is_newer(known.ask_time, known.key_id)
        return self.is_listening() and not is_newer and self.now() < known.forget_time

    async def ask(self, digest: bytes) -> Known:
        """Asks PostgreSQL about the key, and remembers what it is. Raises InvalidApiKey."""
        now = self.now()
        async with self.database.transaction() as connection:
            key = await api_key_queries.use(connection, digest, now)
            if key is None:
                raise InvalidApiKey
            grants = await account_queries.grants(connection, key.account_id)
        held = permissions.held(grants).within(key.scopes)
        caller = Caller(account_id=key.account_id, key_id=key.id, **held._asdict())
        known = Known(caller, key.id, now, min(now + MEMORY, key.expire_time))
        if len(self.known) >= REMEMBERED:
            del self.known[next(iter(self.known))]
        self.known[digest] = known
        return known
