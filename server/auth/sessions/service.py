"""Sessions after their beginning: RefreshToken, Logout, ListSessions, RevokeSession, RevokeAllSessions."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1 import auth_service_pb2 as rpc
from gazette.auth.v1 import session_pb2
from server import audit
from server.auth import failures
from server.auth.accounts import queries as account_queries
from server.auth.clock import utc_now
from server.auth.sessions import queries, rules
from server.auth.sessions.pairs import TokenPairs
from server.auth.sessions.revocations import Revocations
from server.auth.sessions.rules import Use
from server.auth.sessions.views import shown
from server.auth.tokens.refresh import RefreshTokens
from server.rpc.answers import filled
from server.rpc.call import Call
from server.rpc.lists.paging import Paging
from server.stores.postgres import AnyRow, Database

PAGE_SIZE = 50

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Sessions:
    """How a session goes on, and how it ends."""

    database: Database
    paging: Paging
    refresh_tokens: RefreshTokens
    pairs: TokenPairs
    revocations: Revocations
    idle: timedelta
    """For how long a session holds that is not refreshed."""
    leeway: timedelta
    """For how long the refresh token before the newest is accepted again."""
    now: Callable[[], datetime] = utc_now

    async def RefreshToken(self, request: rpc.RefreshTokenRequest, call: Call) -> rpc.RefreshTokenResponse:
        session_id, counter = self.refresh_tokens.read(request.refresh_token)
        now = self.now()
        async with self.database.transaction() as connection:
            session = await queries.rotate(connection, session_id, counter, now, self.idle)
            if session is None:
                session = await self.explain(connection, session_id, counter, now)
            if session is not None:
                return rpc.RefreshTokenResponse(**await self.pair_of_active(connection, session))
        raise failures.InvalidRefreshToken  # outside of the transaction: what `explain` did is to stay

    async def Logout(self, request: rpc.LogoutRequest, call: Call) -> rpc.LogoutResponse:
        caller = call.caller
        session_id = caller.known_session_id
        async with self.database.transaction() as connection:
            if await queries.revoke(connection, session_id, queries.SIGN_OUT, self.now()):
                await audit.add(connection, "account.sign_out", caller.known_id, session_id=str(session_id))
        self.revocations.add(session_id)
        return rpc.LogoutResponse()

    async def ListSessions(self, request: session_pb2.ListSessionsRequest, call: Call) -> session_pb2.ListSessionsResponse:
        caller = call.caller
        current_id = caller.known_session_id
        page = self.paging.page(request, caller.known_id, PAGE_SIZE)
        async with self.database.read() as connection:
            rows = await queries.living(connection, caller.known_id, self.now(), page.after_id, page.limit)
        sessions, token = filled(page, rows, lambda row: (row.id,), lambda row: shown(row, current_id))
        return session_pb2.ListSessionsResponse(sessions=sessions, next_page_token=token)

    async def RevokeSession(self, request: session_pb2.RevokeSessionRequest, call: Call) -> session_pb2.RevokeSessionResponse:
        caller = call.caller
        caller.require_session()
        session_id, now = uuid.UUID(request.id), self.now()
        async with self.database.transaction() as connection:
            session = await queries.lock_session(connection, session_id)
            rules.check_goes_on(session, caller.known_id, now)
            await queries.revoke(connection, session_id, "revoked", now)
            await audit.add(connection, "session.revoke", session_id, account_id=str(caller.known_id))
        self.revocations.add(session_id)
        return session_pb2.RevokeSessionResponse()

    async def RevokeAllSessions(
        self, request: session_pb2.RevokeAllSessionsRequest, call: Call
    ) -> session_pb2.RevokeAllSessionsResponse:
        caller = call.caller
        current_id = caller.known_session_id
        kept = current_id if request.keep_current else None
        async with self.database.transaction() as connection:
            ended = await queries.revoke_all(connection, caller.known_id, "revoked", self.now(), but=kept)
            await audit.add(connection, "session.revoke", caller.known_id, sessions=[str(each) for each in ended])
        self.revocations.add_all(ended)
        return session_pb2.RevokeAllSessionsResponse(revoked_count=len(ended))

    async def explain(self, connection: AsyncConnection, session_id: uuid.UUID, counter: int, now: datetime) -> AnyRow | None:
        """Finds out about a refresh token that is not the newest, and ends the session of one that was stolen. Returns the
        session if a pair of it is to be given out again."""
        session = await queries.lock_session(connection, session_id)
        use = rules.use(session, counter, now, self.leeway)
        if session is None or use is Use.OF_ENDED_SESSION:
            return None
        if use is Use.AGAIN:
            return session
        about = {"account_id": str(session.account_id), "counter": counter, "newest": session.counter}
        if use is Use.FORGED:
            log.error("forged refresh token: REFRESH_TOKEN_SECRET is known to others", session_id=str(session_id), **about)
            await audit.add(connection, "session.token_forged", session_id, **about)
        elif await queries.revoke(connection, session_id, "reuse", now):
            log.warning("refresh token used again: session ended", session_id=str(session_id), **about)
            await audit.add(connection, "session.token_reused", session_id, **about)
        return None

    async def pair_of_active(self, connection: AsyncConnection, session: AnyRow) -> dict[str, Any]:
        """The fields of a new pair. Raises InvalidRefreshToken inside the transaction, which undoes the rotation, if the
        account was disabled."""
        account = await account_queries.active_account(connection, session.account_id)
        if account is None:
            raise failures.InvalidRefreshToken
        return self.pairs.fields(account, session, await account_queries.grants(connection, account.id))
