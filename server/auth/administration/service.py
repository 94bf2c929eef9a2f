"""Looking after accounts: AccountService, but for invitations, roles, services and their keys."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1 import account_administration_pb2 as rpc
from gazette.auth.v1 import account_service_pb2
from gazette.auth.v1.account_pb2 import Account
from server import organisations
from server.auth.accounts import finding, queries, rules, views
from server.auth.accounts.changes import rename
from server.auth.accounts.finding import Principal, changing
from server.auth.administration import changes
from server.auth.clock import utc_now
from server.auth.sessions.changes import end_sessions
from server.auth.sessions.revocations import Revocations
from server.rpc.answers import filled
from server.rpc.call import Call
from server.rpc.caller import Caller
from server.rpc.lists.paging import Paging
from server.rpc.requests import masks
from server.stores.postgres import Database

PAGE_SIZE = 50


@dataclass(frozen=True)
class Administration:
    """Who is there, and whether they may sign in."""

    database: Database
    paging: Paging
    revocations: Revocations
    now: Callable[[], datetime] = utc_now

    async def GetAccount(
        self, request: account_service_pb2.GetAccountRequest, call: Call
    ) -> account_service_pb2.GetAccountResponse:
        caller = call.caller
        async with self.database.read() as connection:
            principal = await finding.visible(connection, caller, uuid.UUID(request.id))
        return account_service_pb2.GetAccountResponse(account=views.shown_to(caller, principal))

    async def ListAccounts(
        self, request: account_service_pb2.ListAccountsRequest, call: Call
    ) -> account_service_pb2.ListAccountsResponse:
        caller = call.caller
        page = self.paging.page(request, caller.known_id, PAGE_SIZE)
        async with self.database.read() as connection:
            organisation_ids = caller.organisations(rules.READ)
            if request.organisation_id:
                organisation_id = rules.organisation_for(caller, request.organisation_id, rules.READ)
                assert organisation_id is not None
                await organisations.existing(connection, organisation_id)
                organisation_ids = frozenset({organisation_id})
            rows = await queries.accounts(
                connection,
                organisation_ids,
                before=page.after_id,
                limit=page.limit,
                query=request.query,
                **{name: value for name in ("state", "kind") if (value := getattr(request, name))},
            )
            grants = await queries.grants_of(connection, [row.id for row in rows])
        accounts, token = filled(
            page, rows, lambda row: (row.id,), lambda row: views.shown_to(caller, Principal(row, grants[row.id]))
        )
        return account_service_pb2.ListAccountsResponse(accounts=accounts, next_page_token=token)

    async def UpdateAccount(
        self, request: account_service_pb2.UpdateAccountRequest, call: Call
    ) -> account_service_pb2.UpdateAccountResponse:
        masks.fields("account", request.account, request.update_mask, {"name"}, required={"name"})
        async with changing(self.database, call.caller, request.account.id) as (connection, principal):
            await rename(connection, principal, request.account.name)
            return account_service_pb2.UpdateAccountResponse(account=await current(connection, call.caller, principal))

    async def DisableAccount(self, request: rpc.DisableAccountRequest, call: Call) -> rpc.DisableAccountResponse:
        async with changing(self.database, call.caller, request.id) as (connection, principal):
            rules.check_not_own(call.caller, principal.account.id)
            ended = await changes.disable(connection, principal, self.now())
            response = rpc.DisableAccountResponse(account=await current(connection, call.caller, principal))
        self.revocations.add_all(ended)
        return response

    async def EnableAccount(self, request: rpc.EnableAccountRequest, call: Call) -> rpc.EnableAccountResponse:
        async with changing(self.database, call.caller, request.id) as (connection, principal):
            await changes.enable(connection, principal)
            return rpc.EnableAccountResponse(account=await current(connection, call.caller, principal))

    async def EraseAccount(self, request: rpc.EraseAccountRequest, call: Call) -> rpc.EraseAccountResponse:
        async with changing(self.database, call.caller, request.id) as (connection, principal):
            rules.check_not_own(call.caller, principal.account.id)
            ended = await changes.erase(connection, principal, self.now())
            response = rpc.EraseAccountResponse(account=await current(connection, call.caller, principal))
        self.revocations.add_all(ended)
        return response

    async def RevokeAccountSessions(
        self, request: rpc.RevokeAccountSessionsRequest, call: Call
    ) -> rpc.RevokeAccountSessionsResponse:
        async with changing(self.database, call.caller, request.id) as (connection, principal):
            ended = await end_sessions(connection, principal, self.now())
        self.revocations.add_all(ended)
        return rpc.RevokeAccountSessionsResponse(revoked_count=len(ended))

    async def DisableAccountTotp(self, request: rpc.DisableAccountTotpRequest, call: Call) -> rpc.DisableAccountTotpResponse:
        async with changing(self.database, call.caller, request.id) as (connection, principal):
            rules.check_not_own(call.caller, principal.account.id)  # AuthService.DisableTotp asks for the password
            ended = await changes.disable_totp(connection, principal, self.now())
            response = rpc.DisableAccountTotpResponse(account=await current(connection, call.caller, principal))
        self.revocations.add_all(ended)
        return response


async def current(connection: AsyncConnection, caller: Caller, principal: Principal) -> Account:
    """How the account stands after the change, even if the caller may not see it any more."""
    return views.shown_to(caller, await finding.found(connection, principal.account.id))
