"""AuthService: signing in and out."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import grpc
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1 import auth_service_pb2 as rpc
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceServicer
from server import calls, errors
from server.audit import queries as audit
from server.auth import accounts, queries, rules
from server.auth.passwords import Passwords
from server.auth.revocations import utc_now
from server.auth.rules import Use
from server.auth.tokens import AccessTokens, RefreshTokens
from server.database import AnyRow, Database
from server.messages import timestamp
from server.settings import Settings

MAX_USER_AGENT = 255

Context = grpc.aio.ServicerContext[Any, Any]
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class AuthService(AuthServiceServicer):
    """Sessions, from sign-in to sign-out."""

    database: Database
    passwords: Passwords
    tokens: AccessTokens
    refresh_tokens: RefreshTokens
    settings: Settings
    now: Callable[[], datetime] = utc_now

    async def Login(self, request: rpc.LoginRequest, context: Context) -> rpc.LoginResponse:
        async with self.database.read() as connection:
            account = await queries.account_by_email(connection, request.email)
        # No connection is held while a password is checked, and one is checked even where there is no account.
        is_right = await self.passwords.verify(account.password_hash if account else None, request.password)
        if self.settings.is_public and request.password == rules.DEMO_PASSWORD:
            is_right = False  # its accounts came along with a database from somebody's machine
        if account is None or not is_right or account.state != queries.ACTIVE:
            await self.refuse_sign_in(account, is_right)
            raise rules.InvalidCredentials
        known_hash = account.password_hash
        new_hash = await self.passwords.renewed(known_hash, request.password)
        async with self.database.transaction() as connection:
            account = await queries.lock_verified(connection, account.id, known_hash)
            if account is None:
                raise rules.InvalidCredentials
            if new_hash is not None:
                await queries.renew_password_hash(connection, account.id, new_hash)
            session = await self.start_session(connection, account.id)
            grants = await queries.grants(connection, account.id)
            pair = self.pair(session, grants)
        return rpc.LoginResponse(**pair, account=accounts.shown(account, grants))

    async def RefreshToken(self, request: rpc.RefreshTokenRequest, context: Context) -> rpc.RefreshTokenResponse:
        session_id, counter = self.refresh_tokens.read(request.refresh_token)
        now = self.now()
        async with self.database.transaction() as connection:
            session = await queries.rotate(connection, session_id, counter, now, self.settings.refresh_token_expiration_time)
            if session is None:
                session = await self.explain(connection, session_id, counter, now)
            if session is not None:
                return rpc.RefreshTokenResponse(**await self.pair_of_active(connection, session))
        raise rules.InvalidRefreshToken  # outside of the transaction: what `explain` did is to stay

    async def Logout(self, request: rpc.LogoutRequest, context: Context) -> rpc.LogoutResponse:
        caller = calls.current().caller
        assert caller.session_id is not None
        async with self.database.transaction() as connection:
            if await queries.revoke(connection, caller.session_id, "sign-out", self.now()):
                await audit.add(connection, "account.sign_out", caller.known_id, session_id=str(caller.session_id))
        self.tokens.revocations.add(caller.session_id)  # here at once, elsewhere when PostgreSQL tells
        return rpc.LogoutResponse()

    async def GetMe(self, request: rpc.GetMeRequest, context: Context) -> rpc.GetMeResponse:
        async with self.database.read() as connection:
            account = await queries.active_account(connection, calls.current().caller.known_id)
            if account is None:
                raise errors.Unauthenticated
            return rpc.GetMeResponse(account=accounts.shown(account, await queries.grants(connection, account.id)))

    async def refuse_sign_in(self, account: AnyRow | None, is_right: bool) -> None:
        """Notes the refusal, but not the address given: people type passwords there."""
        async with self.database.transaction() as connection:
            cause = "unknown account" if account is None else "disabled" if is_right else "wrong password"
            target = account.id if account else ""
            await audit.add(connection, "account.sign_in_refused", target, cause=cause)

    async def start_session(self, connection: AsyncConnection, account_id: uuid.UUID) -> AnyRow:
        call = calls.current()
        session = await queries.add_session(
            connection,
            account_id,
            user_agent=call.metadata.get("user-agent", "")[:MAX_USER_AGENT],
            address=call.address,
            now=self.now(),
            idle=self.settings.refresh_token_expiration_time,
            longest=self.settings.session_expiration_time,
        )
        await audit.add(connection, "account.sign_in", account_id, actor_id=account_id, session_id=str(session.id))
        return session

    async def explain(self, connection: AsyncConnection, session_id: uuid.UUID, counter: int, now: datetime) -> AnyRow | None:
        """What to do about a refresh token that is not the newest: the session if its newest is to be answered again."""
        session = await queries.lock_session(connection, session_id)
        use = rules.use(session, counter, now, timedelta(seconds=self.settings.refresh_token_leeway))
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
        """Raises InvalidRefreshToken inside the transaction, which undoes the rotation, if the account was disabled."""
        if await queries.active_account(connection, session.account_id) is None:
            raise rules.InvalidRefreshToken
        return self.pair(session, await queries.grants(connection, session.account_id))

    def pair(self, session: AnyRow, grants: Any) -> dict[str, Any]:
        """The fields that both answers have. Raises TooManyGrants."""
        token = self.tokens.issue(session.account_id, session.id, session.absolute_expire_time, grants)
        return {
            "access_token": token.text,
            "access_token_expire_time": timestamp(token.expire_time),
            "refresh_token": self.refresh_tokens.token(session.id, session.counter),
            "refresh_token_expire_time": timestamp(session.idle_expire_time),
        }
