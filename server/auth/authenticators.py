"""Authenticator apps: EnrolTotp, ConfirmTotp, DisableTotp."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1 import totp_pb2 as rpc
from server import calls
from server.audit import queries as audit
from server.auth import queries, rules, session_queries, totp_queries
from server.auth.parts import AuthParts, Context
from server.database import AnyRow
from server.mail import queries as mail


class Authenticators(AuthParts):
    """How people set up an authenticator app, and get rid of it."""

    async def EnrolTotp(self, request: rpc.EnrolTotpRequest, context: Context) -> rpc.EnrolTotpResponse:
        await self.confirmed_account(request.password)
        async with self.own_account() as (connection, account):
            if account.totp_confirm_time is not None:
                raise rules.TotpEnabled
            secret, uri = await self.totp.enrol(connection, account)
            await audit.add(connection, "account.totp_enrol", account.id)
        return rpc.EnrolTotpResponse(secret=secret, uri=uri)

    async def ConfirmTotp(self, request: rpc.ConfirmTotpRequest, context: Context) -> rpc.ConfirmTotpResponse:
        caller = calls.current().caller
        current_id = caller.known_session_id
        async with self.guess(caller.known_id), self.own_account() as (connection, account):
            if account.totp_secret is None or account.totp_confirm_time is not None:
                raise rules.TotpNotEnrolled
            recovery_codes = await self.totp.confirm(connection, account, request.code)
            if recovery_codes is None:
                raise rules.WrongCode
            await audit.add(connection, "account.totp_confirm", account.id)
            await tell(connection, account, is_enabled=True)
            # The others began without the app: what it is asked for must not come to them by their next refresh.
            ended = await session_queries.revoke_all(connection, account.id, "authenticator-added", self.now(), but=current_id)
        self.tokens.revocations.add_all(ended)
        return rpc.ConfirmTotpResponse(recovery_codes=recovery_codes)

    async def DisableTotp(self, request: rpc.DisableTotpRequest, context: Context) -> rpc.DisableTotpResponse:
        await self.confirmed_account(request.password)
        async with self.guess(calls.current().caller.known_id), self.own_account() as (connection, account):
            if account.totp_confirm_time is None:
                raise rules.TotpNotEnrolled
            if rules.needs_totp(await queries.grants(connection, account.id), self.settings.totp_required_roles):
                raise rules.TotpIsRequired
            if not await self.totp.check(connection, account, request.code):
                raise rules.WrongCode
            await totp_queries.remove(connection, account.id)
            await audit.add(connection, "account.totp_disable", account.id)
            await tell(connection, account, is_enabled=False)
        return rpc.DisableTotpResponse()


async def tell(connection: AsyncConnection, account: AnyRow, *, is_enabled: bool) -> None:
    """Mails the person, who may not be the one who did it."""
    await mail.add(connection, "totp-changed", account.email, account_id=account.id, name=account.name, is_enabled=is_enabled)
