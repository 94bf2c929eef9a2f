"""What the parts of AuthService share: their means, and how a session starts and shows itself in tokens."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from server import audit
from server.auth import failures, permissions
from server.auth.accounts import queries as account_queries
from server.auth.clock import utc_now
from server.auth.guessing.throttle import CONFIRMATION, Exhausted, Throttle, is_news
from server.auth.links.links import Links
from server.auth.passwords.hashing import Passwords
from server.auth.sessions import queries
from server.auth.sign_in.devices import DeviceTokens
from server.auth.tokens.access import AccessTokens
from server.auth.tokens.refresh import RefreshTokens
from server.auth.totp import queries as totp_queries
from server.auth.totp.codes import Totp
from server.rpc import ambient
from server.rpc.failures import Unauthenticated
from server.rpc.messages import timestamp
from server.rpc.paging import Paging
from server.settings import Settings
from server.stores.postgres import AnyRow, Database

MAX_USER_AGENT = 255


@dataclass(frozen=True)
class AuthParts:
    """The means of AuthService. Each of its parts is a class of methods on top of these."""

    database: Database
    passwords: Passwords
    throttle: Throttle
    devices: DeviceTokens
    tokens: AccessTokens
    refresh_tokens: RefreshTokens
    paging: Paging
    totp: Totp
    links: Links
    settings: Settings
    now: Callable[[], datetime] = utc_now

    async def start_session(self, connection: AsyncConnection, account_id: uuid.UUID) -> AnyRow:
        call = ambient.current()
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

    async def confirmed_account(self, password: str) -> AnyRow:
        """The caller's account, whose password was given again. Raises NeedsSession for a service, and what `confirm_password`
        does."""
        caller = ambient.current().caller
        caller.require_session()
        async with self.database.read() as connection:
            account = await account_queries.active_account(connection, caller.known_id)
        if account is None:
            raise Unauthenticated
        await self.confirm_password(account, password)
        return account

    @asynccontextmanager
    async def own_account(self) -> AsyncIterator[tuple[AsyncConnection, AnyRow]]:
        """A transaction, and the caller's locked account. Raises NeedsSession for a service."""
        caller = ambient.current().caller
        caller.require_session()
        async with self.database.transaction() as connection:
            account = await account_queries.lock_active(connection, caller.known_id)
            if account is None:
                raise Unauthenticated
            yield connection, account

    async def confirm_password(self, account: AnyRow, password: str, field: str = "password") -> None:
        """Of somebody who is signed in. Raises WrongPassword that names the request's field, TooManySignIns, SignInBusy."""
        async with self.guess(account.id):
            if not await self.passwords.verify(account.password_hash, password):
                raise failures.WrongPassword(field)

    @asynccontextmanager
    async def guess(self, account_id: uuid.UUID) -> AsyncIterator[None]:
        """One guess of somebody who is signed in at a secret of the account, which the block makes: right, unless it raises.
        Not inside of a transaction. Raises TooManySignIns."""
        try:
            async with self.throttle.attempt(CONFIRMATION.of(account_id)):
                yield
        except Exhausted as exhausted:
            await self.note_throttled(exhausted, account_id)
            raise
        except (failures.WrongPassword, failures.WrongCode) as refusal:
            cause = "wrong code" if isinstance(refusal, failures.WrongCode) else "wrong password"
            async with self.database.transaction() as connection:
                await audit.add(connection, "account.confirmation_refused", account_id, cause=cause)
            raise

    async def note_throttled(self, exhausted: Exhausted, account_id: uuid.UUID | None) -> None:
        """In the audit, once for each account, address or device and each time that it has had too many attempts."""
        if not exhausted.is_news:
            return
        async with self.database.transaction() as connection:
            if await is_news(connection, exhausted):
                budget = exhausted.counter.budget.name
                await audit.add(connection, "account.sign_in_throttled", account_id or "", budget=budget)

    async def check_second_factor(self, connection: AsyncConnection, account: AnyRow, code: str) -> None:
        """Of an account whose password was right, in the transaction that holds its row. A right code is used up. Raises
        TotpRequired without a code and InvalidCredentials for a wrong one, unless the account has no authenticator app."""
        if account.totp_confirm_time is None:
            return
        if not code:
            raise failures.TotpRequired
        kind = await self.totp.check(connection, account, code)
        if not kind:
            raise failures.InvalidCredentials
        if kind == "recovery":
            left = await totp_queries.recovery_codes_left(connection, account.id)
            await audit.add(connection, "account.recovery_code_use", account.id, actor_id=account.id, left=left)

    def must_enrol(self, account: AnyRow, grants: Sequence[AnyRow]) -> bool:
        """Whether the account's role needs an authenticator app that it does not have yet."""
        has_one = account.totp_confirm_time is not None
        return not has_one and permissions.needs_totp(grants, self.settings.totp_required_roles)

    def pair(self, account: AnyRow, session: AnyRow, grants: Sequence[AnyRow]) -> dict[str, Any]:
        """The fields that every answer with tokens has. Who must set up an authenticator app first gets tokens that let it do
        that alone. Raises TooManyGrants."""
        held: Any = () if self.must_enrol(account, grants) else grants
        token = self.tokens.issue(account.id, session.id, session.absolute_expire_time, held)
        return {
            "access_token": token.text,
            "access_token_expire_time": timestamp(token.expire_time),
            "refresh_token": self.refresh_tokens.token(session.id, session.counter),
            "refresh_token_expire_time": timestamp(session.idle_expire_time),
        }
