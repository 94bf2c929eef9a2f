"""Looking after accounts: AccountService, but for roles, services and their keys."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1 import account_administration_pb2 as rpc
from gazette.auth.v1 import account_service_pb2
from gazette.auth.v1.account_pb2 import Account
from server.auth.accounts import finding, queries, rules, views
from server.auth.accounts.finding import Holder
from server.auth.accounts.rules import check_account
from server.auth.administration import changes, invitations
from server.auth.clock import utc_now
from server.auth.links.links import Links
from server.auth.tokens.access import AccessTokens
from server.organisations.failures import OrganisationNotFound
from server.organisations.queries import organisation
from server.rpc import ambient, http, masks
from server.rpc.call import Call
from server.rpc.paging import Paging
from server.stores import idempotency
from server.stores.postgres import Database

PAGE_SIZE = 50


@dataclass(frozen=True)
class AccountParts:
    """The means of AccountService. Each of its parts is a class of methods on top of these."""

    database: Database
    tokens: AccessTokens
    paging: Paging
    links: Links
    now: Callable[[], datetime] = utc_now

    @asynccontextmanager
    async def changing(self, account_id: str) -> AsyncIterator[tuple[AsyncConnection, Holder]]:
        """A transaction, and the account, locked. Raises AccountNotFound, PermissionDenied."""
        async with self.database.transaction() as connection:
            yield connection, await finding.changeable(connection, ambient.current().caller, uuid.UUID(account_id))


class Administration(AccountParts):
    """Who is there, and whether they may sign in."""

    async def InviteAccount(self, request: rpc.InviteAccountRequest, call: Call) -> rpc.InviteAccountResponse:
        place = rules.place(call.caller, request.organisation_id, rules.WRITE)
        rules.check_gives(call.caller, request.role, place)
        check_account(request.account.email, request.account.name, "account.")
        async with self.database.transaction() as connection:
            # What is remembered is the id alone: an address that was erased must not live on in the answer.
            known = await idempotency.earlier(connection, call, request, rpc.InviteAccountResponse)
            if known is None:
                email, name = request.account.email, request.account.name
                account_id = await invitations.invite(connection, call.caller, self.links, email, name, request.role, place)
                await idempotency.remember(connection, call, rpc.InviteAccountResponse(account=Account(id=str(account_id))))
            else:
                account_id = uuid.UUID(known.account.id)
            holder = await finding.visible(connection, call.caller, account_id)
        http.created(call, f"/v1/accounts/{account_id}")
        return rpc.InviteAccountResponse(account=views.shown_to(call.caller, holder))

    async def GetAccount(
        self, request: account_service_pb2.GetAccountRequest, call: Call
    ) -> account_service_pb2.GetAccountResponse:
        caller = call.caller
        async with self.database.read() as connection:
            holder = await finding.visible(connection, caller, uuid.UUID(request.id))
        return account_service_pb2.GetAccountResponse(account=views.shown_to(caller, holder))

    async def ListAccounts(
        self, request: account_service_pb2.ListAccountsRequest, call: Call
    ) -> account_service_pb2.ListAccountsResponse:
        caller = call.caller
        page = self.paging.page(request, caller.known_id, PAGE_SIZE)
        async with self.database.read() as connection:
            organisations = caller.organisations(rules.READ)
            if request.organisation_id:
                place = rules.place(caller, request.organisation_id, rules.READ)
                if place is None or await organisation(connection, place) is None:
                    raise OrganisationNotFound
                organisations = frozenset({place})
            rows = await queries.accounts(
                connection,
                organisations,
                before=page.after_id,
                limit=page.limit,
                query=request.query,
                **{name: value for name in ("state", "kind") if (value := getattr(request, name))},
            )
            rows, token = page.cut(rows, lambda row: (row.id,))
            grants = await queries.grants_of(connection, [row.id for row in rows])
        return account_service_pb2.ListAccountsResponse(
            accounts=[views.shown_to(caller, Holder(row, grants[row.id])) for row in rows], next_page_token=token
        )

    async def UpdateAccount(
        self, request: account_service_pb2.UpdateAccountRequest, call: Call
    ) -> account_service_pb2.UpdateAccountResponse:
        masks.fields("account", request.account, request.update_mask, {"name"}, required={"name"})
        async with self.changing(request.account.id) as (connection, holder):
            await changes.rename(connection, holder, request.account.name)
            return account_service_pb2.UpdateAccountResponse(account=await current(connection, holder))

    async def DisableAccount(self, request: rpc.DisableAccountRequest, call: Call) -> rpc.DisableAccountResponse:
        async with self.changing(request.id) as (connection, holder):
            rules.check_not_own(call.caller, holder.account.id)
            ended = await changes.disable(connection, holder, self.now())
            answer = rpc.DisableAccountResponse(account=await current(connection, holder))
        self.tokens.revocations.add_all(ended)
        return answer

    async def EnableAccount(self, request: rpc.EnableAccountRequest, call: Call) -> rpc.EnableAccountResponse:
        async with self.changing(request.id) as (connection, holder):
            await changes.enable(connection, holder)
            return rpc.EnableAccountResponse(account=await current(connection, holder))

    async def EraseAccount(self, request: rpc.EraseAccountRequest, call: Call) -> rpc.EraseAccountResponse:
        async with self.changing(request.id) as (connection, holder):
            rules.check_not_own(call.caller, holder.account.id)
            ended = await changes.erase(connection, holder, self.now())
            answer = rpc.EraseAccountResponse(account=await current(connection, holder))
        self.tokens.revocations.add_all(ended)
        return answer

    async def RevokeAccountSessions(
        self, request: rpc.RevokeAccountSessionsRequest, call: Call
    ) -> rpc.RevokeAccountSessionsResponse:
        async with self.changing(request.id) as (connection, holder):
            ended = await changes.end_sessions(connection, holder, self.now())
        self.tokens.revocations.add_all(ended)
        return rpc.RevokeAccountSessionsResponse(revoked_count=len(ended))

    async def DisableAccountTotp(self, request: rpc.DisableAccountTotpRequest, call: Call) -> rpc.DisableAccountTotpResponse:
        async with self.changing(request.id) as (connection, holder):
            rules.check_not_own(call.caller, holder.account.id)  # AuthService.DisableTotp asks for the password
            ended = await changes.disable_totp(connection, holder, self.now())
            answer = rpc.DisableAccountTotpResponse(account=await current(connection, holder))
        self.tokens.revocations.add_all(ended)
        return answer


async def current(connection: AsyncConnection, holder: Holder) -> Account:
    """How the account stands after the change, even if the caller may not see it any more."""
    caller, account_id = ambient.current().caller, holder.account.id
    return views.shown_to(caller, await finding.found(connection, account_id))
