"""Signing in: Login."""

from __future__ import annotations

from gazette.auth.v1 import auth_service_pb2 as rpc
from server.audit import queries as audit
from server.auth import accounts, queries, rules
from server.auth.parts import AuthParts, Context
from server.database import AnyRow


class SignIn(AuthParts):
    """Login."""

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
            pair = self.pair(account, session, grants)
        return rpc.LoginResponse(
            **pair, account=accounts.shown(account, grants), totp_enrolment_required=self.must_enrol(account, grants)
        )

    async def refuse_sign_in(self, account: AnyRow | None, is_right: bool) -> None:
        """Notes the refusal, but not the address given: people type passwords there."""
        async with self.database.transaction() as connection:
            cause = "unknown account" if account is None else "disabled" if is_right else "wrong password"
            target = account.id if account else ""
            await audit.add(connection, "account.sign_in_refused", target, cause=cause)
