"""Setting passwords: AcceptInvitation, ChangePassword, RequestPasswordReset, ResetPassword.

A password is hashed, which takes a while, before a transaction begins: so what is decided about links and accounts is decided
twice, first to refuse at once, and then for good.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1 import password_pb2 as rpc
from gazette.auth.v1.account_pb2 import AccountState
from server import calls, errors
from server.audit import queries as audit
from server.auth import (
    account_queries,
    accounts,
    link_queries,
    password_queries,
    queries,
    rules,
    session_queries,
    sign_in_queries,
)
from server.auth.devices import LIFETIME
from server.auth.links import INVITATION, PASSWORD_RESET
from server.auth.parts import AuthParts, Context
from server.auth.throttle import ACCOUNT, KNOWN_ADDRESS
from server.database import AnyRow
from server.mail import queries as mail


class PasswordChanges(AuthParts):
    """How an account gets its first password, and another one."""

    async def AcceptInvitation(self, request: rpc.AcceptInvitationRequest, context: Context) -> rpc.AcceptInvitationResponse:
        async with self.database.read() as connection:
            _, account = await self.links.look(connection, INVITATION, request.token)
            own_words = await password_queries.own_words(connection, account)
        name = request.name or account.name
        rules.check_name(name, "name")
        rules.check_password(request.password, *own_words, name)
        password_hash = await self.passwords.hash(request.password)
        async with self.database.transaction() as connection:
            _, account = await self.links.use(connection, INVITATION, request.token)
            active = {"state": AccountState.ACCOUNT_STATE_ACTIVE, "name": name, "password_hash": password_hash}
            accepted = await account_queries.change(connection, account.id, **active)
            await audit.add(
                connection,
                "account.accept",
                account.id,
                actor_id=account.id,
                before={"state": AccountState.Name(account.state)},
                after={"state": AccountState.Name(accepted.state)},
                personal={"before": account.name, "after": name},
            )
            grants = await queries.grants(connection, account.id)
        return rpc.AcceptInvitationResponse(account=accounts.shown(accepted, grants))

    async def ChangePassword(self, request: rpc.ChangePasswordRequest, context: Context) -> rpc.ChangePasswordResponse:
        verified = await self.confirmed_account(request.password)
        password_hash = await self.checked_hash(verified, request.new_password)
        async with self.database.transaction() as connection:
            account = await queries.lock_verified(connection, verified.id, verified.password_hash)
            if account is None:
                raise errors.Unauthenticated
            ended = await set_password(connection, account, password_hash, "password-change", self.now())
            session = await self.start_session(connection, account.id)
            pair = self.pair(account, session, await queries.grants(connection, account.id))
            await audit.add(connection, "account.password_change", account.id)
        self.tokens.revocations.add_all(ended)
        return rpc.ChangePasswordResponse(**pair)

    async def RequestPasswordReset(
        self, request: rpc.RequestPasswordResetRequest, context: Context
    ) -> rpc.RequestPasswordResetResponse:
        call = calls.current()
        async with self.database.transaction() as connection:
            await password_queries.add_reset_request(connection, request.email, call.address, call.request_id)
        return rpc.RequestPasswordResetResponse()

    async def ResetPassword(self, request: rpc.ResetPasswordRequest, context: Context) -> rpc.ResetPasswordResponse:
        address = calls.current().address
        async with self.database.read() as connection:
            _, account = await self.links.look(connection, PASSWORD_RESET, request.token)
            candidate = await sign_in_queries.candidate(connection, account.email, address, self.now() - LIFETIME)
        password_hash = await self.checked_hash(account, request.new_password)
        async with self.database.transaction() as connection:
            _, account = await self.links.use(connection, PASSWORD_RESET, request.token)
            ended = await set_password(connection, account, password_hash, "password-reset", self.now())
            await audit.add(connection, "account.password_reset", account.id, actor_id=account.id)
        self.tokens.revocations.add_all(ended)
        # Whoever tried all passwords that came to mind need not wait to use the new one.
        await self.throttle.forget(ACCOUNT.of(candidate.folded_email), KNOWN_ADDRESS.of(account.id, address))
        return rpc.ResetPasswordResponse()

    async def checked_hash(self, account: AnyRow, password: str) -> str:
        """Of a new password. Raises WeakPassword, SignInBusy."""
        async with self.database.read() as connection:
            own_words = await password_queries.own_words(connection, account)
        rules.check_password(password, *own_words, field="new_password")
        return await self.passwords.hash(password)


async def set_password(
    connection: AsyncConnection, account: AnyRow, password_hash: str, reason: str, now: datetime
) -> list[uuid.UUID]:
    """Sets the locked account's password, and tells its owner. Whatever somebody else may have got hold of holds no longer: its
    sessions, whose ids are returned, and links."""
    await queries.renew_password_hash(connection, account.id, password_hash)
    await link_queries.end_all(connection, account.id, now)
    await mail.add(connection, "password-changed", account.email, account_id=account.id, name=account.name)
    return await session_queries.revoke_all(connection, account.id, reason, now)
