"""Authenticator apps: EnrolTotp, ConfirmTotp, DisableTotp."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from gazette.auth.v1 import totp_pb2 as rpc
from server import audit
from server.auth import failures, permissions
from server.auth.accounts import queries as account_queries
from server.auth.accounts.finding import own_account
from server.auth.clock import utc_now
from server.auth.guessing.long_run import CODES
from server.auth.passwords.confirming import Confirmations
from server.auth.sessions import queries as session_queries
from server.auth.sessions.revocations import Revocations
from server.auth.totp import queries
from server.auth.totp.changes import notify_owner
from server.auth.totp.codes import Totp, is_of_app
from server.rpc.call import Call
from server.stores.postgres import Database


@dataclass(frozen=True)
class Authenticators:
    """How people set up an authenticator app, and get rid of it."""

    database: Database
    confirmations: Confirmations
    totp: Totp
    revocations: Revocations
    totp_required_roles: Collection[str]
    now: Callable[[], datetime] = utc_now

    async def EnrolTotp(self, request: rpc.EnrolTotpRequest, call: Call) -> rpc.EnrolTotpResponse:
        await self.confirmations.confirmed_account(call.caller, request.password)
        async with own_account(self.database, call.caller) as (connection, account):
            if account.totp_confirm_time is not None:
                raise failures.TotpEnabled
            secret, uri = await self.totp.enrol(connection, account)
            await audit.add(connection, "account.totp_enrol", account.id)
        return rpc.EnrolTotpResponse(secret=secret, uri=uri)

    async def ConfirmTotp(self, request: rpc.ConfirmTotpRequest, call: Call) -> rpc.ConfirmTotpResponse:
        caller = call.caller
        current_id = caller.known_session_id
        async with (
            self.confirmations.guess(caller.known_id, CODES),
            own_account(self.database, caller) as (connection, account),
        ):
            if account.totp_secret is None or account.totp_confirm_time is not None:
                raise failures.TotpNotEnrolled
            recovery_codes = await self.totp.confirm(connection, account, request.code)
            if recovery_codes is None:
                raise failures.WrongCode
            await audit.add(connection, "account.totp_confirm", account.id)
            await notify_owner(connection, account, is_enabled=True)
            # The others began without the app: what it is asked for must not come to them by their next refresh.
            ended = await session_queries.revoke_all(connection, account.id, "authenticator-added", self.now(), but=current_id)
            await session_queries.change_rights(connection, account.id, self.now())  # what asked for the app holds now
        self.revocations.add_all([*ended, account.id])
        return rpc.ConfirmTotpResponse(recovery_codes=recovery_codes)

    async def DisableTotp(self, request: rpc.DisableTotpRequest, call: Call) -> rpc.DisableTotpResponse:
        await self.confirmations.confirmed_account(call.caller, request.password)
        async with (
            self.confirmations.guess(call.caller.known_id, CODES, is_guessable=is_of_app(request.code)),
            own_account(self.database, call.caller) as (connection, account),
        ):
            if account.totp_confirm_time is None:
                raise failures.TotpNotEnrolled
            if permissions.needs_totp(await account_queries.grants(connection, account.id), self.totp_required_roles):
                raise failures.TotpIsRequired
            if not await self.totp.check(connection, account, request.code):
                raise failures.WrongCode
            await queries.remove(connection, account.id)
            await audit.add(connection, "account.totp_disable", account.id)
            await notify_owner(connection, account, is_enabled=False)
        return rpc.DisableTotpResponse()
