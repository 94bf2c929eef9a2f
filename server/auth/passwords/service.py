"""Setting passwords: AcceptInvitation, ChangePassword, RequestPasswordReset, ResetPassword.

A password is hashed, which takes a while, before a transaction begins: so what is decided about links and accounts is decided
twice, first to refuse at once, and then for good. A link is claimed in between: however many use it at once, one hash is
computed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gazette.auth.v1 import password_pb2 as rpc
from gazette.auth.v1.account_pb2 import AccountState
from server import audit
from server.auth.accounts import queries as account_queries
from server.auth.accounts import rules as account_rules
from server.auth.accounts import views
from server.auth.clock import utc_now
from server.auth.devices import DeviceTokens
from server.auth.guessing.throttle import ACCOUNT, KNOWN_ADDRESS, Throttle
from server.auth.links.mailed import Links
from server.auth.links.purposes import INVITATION, PASSWORD_RESET
from server.auth.passwords import queries
from server.auth.passwords.changes import own_words, set_password
from server.auth.passwords.choosing import NewPasswords
from server.auth.passwords.confirming import Confirmations
from server.auth.passwords.hashing import Passwords
from server.auth.sessions.pairs import TokenPairs
from server.auth.sessions.revocations import Revocations
from server.auth.sessions.starting import SessionStart
from server.rpc import failures
from server.rpc.call import Call
from server.stores.postgres import AnyRow, Database


@dataclass(frozen=True)
class PasswordChanges:
    """How an account gets its first password, and another one."""

    database: Database
    passwords: Passwords
    new_passwords: NewPasswords
    confirmations: Confirmations
    links: Links
    throttle: Throttle
    sessions: SessionStart
    pairs: TokenPairs
    revocations: Revocations
    devices: DeviceTokens
    now: Callable[[], datetime] = utc_now

    async def AcceptInvitation(self, request: rpc.AcceptInvitationRequest, call: Call) -> rpc.AcceptInvitationResponse:
        async with self.database.read() as connection:
            link, account = await self.links.look(connection, INVITATION, request.token)
            known = await own_words(connection, account)
        name = request.name or account.name
        account_rules.check_name(name, "name")
        await self.new_passwords.check(request.password, *known, name)
        async with self.links.claimed(self.database, link):
            password_hash = await self.passwords.hash(request.password)
            return await self.accept(request.token, password_hash, name)

    async def accept(self, token: str, password_hash: str, name: str) -> rpc.AcceptInvitationResponse:
        async with self.database.transaction() as connection:
            _, account = await self.links.use(connection, INVITATION, token)
            await account_queries.set_password_hash(connection, account.id, password_hash)
            active = {"state": AccountState.ACCOUNT_STATE_ACTIVE, "name": name}
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
            grants = await account_queries.grants(connection, account.id)
        # Who has the link has the mailbox: strangers who guess at the address do not keep the person out.
        device_token = self.devices.token(accepted, has_passed=False)
        return rpc.AcceptInvitationResponse(account=views.shown(accepted, grants), device_token=device_token)

    async def ChangePassword(self, request: rpc.ChangePasswordRequest, call: Call) -> rpc.ChangePasswordResponse:
        verified = await self.confirmations.confirmed_account(call.caller, request.password)
        await self.check(verified, request.new_password)
        password_hash = await self.passwords.hash(request.new_password)
        async with self.database.transaction() as connection:
            account = await account_queries.lock_verified(connection, verified.id, verified.password_hash)
            if account is None:
                raise failures.Unauthenticated
            account, ended = await set_password(connection, account, password_hash, "password-change", self.now())
            session = await self.sessions.start(connection, account.id, call)
            pair = self.pairs.fields(account, session, await account_queries.grants(connection, account.id))
            await audit.add(connection, "account.password_change", account.id)
        self.revocations.add_all(ended)
        # The tokens of all devices have ended, of this one too. Its session began with the second factor, or confirmed it.
        return rpc.ChangePasswordResponse(**pair, device_token=self.devices.token(account, has_passed=True))

    async def RequestPasswordReset(
        self, request: rpc.RequestPasswordResetRequest, call: Call
    ) -> rpc.RequestPasswordResetResponse:
        async with self.database.transaction() as connection:
            await queries.add_reset_request(connection, request.email, call.address, call.request_id)
        return rpc.RequestPasswordResetResponse()

    async def ResetPassword(self, request: rpc.ResetPasswordRequest, call: Call) -> rpc.ResetPasswordResponse:
        async with self.database.read() as connection:
            link, account = await self.links.look(connection, PASSWORD_RESET, request.token)
            folded_email = await account_queries.folded_email(connection, account.id)
        await self.check(account, request.new_password)
        async with self.links.claimed(self.database, link):
            password_hash = await self.passwords.hash(request.new_password)
            async with self.database.transaction() as connection:
                _, account = await self.links.use(connection, PASSWORD_RESET, request.token)
                account, ended = await set_password(connection, account, password_hash, "password-reset", self.now())
                await audit.add(connection, "account.password_reset", account.id, actor_id=account.id)
        self.revocations.add_all(ended)
        # Whoever tried all passwords that came to mind need not wait to use the new one.
        await self.throttle.forget(ACCOUNT.of(folded_email), KNOWN_ADDRESS.of(account.id, call.address))
        return rpc.ResetPasswordResponse(device_token=self.devices.token(account, has_passed=False))

    async def check(self, account: AnyRow, password: str) -> None:
        """Raises WeakPassword unless the new password will do for the account."""
        async with self.database.read() as connection:
            known = await own_words(connection, account)
        await self.new_passwords.check(password, *known, field="new_password")
