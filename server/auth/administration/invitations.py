"""Inviting people: an account without a password, and a mail with a link to set one. InviteAccount, and what it shares with the
command line."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1 import account_administration_pb2 as rpc
from gazette.auth.v1.account_pb2 import Account, AccountState, Role
from server import audit, organisations
from server.auth import failures
from server.auth.accounts import finding, rules, views
from server.auth.accounts import queries as account_queries
from server.auth.accounts.finding import Principal
from server.auth.administration import changes
from server.auth.links.mailed import Links
from server.auth.links.purposes import INVITATION
from server.rpc import http
from server.rpc.call import Call
from server.rpc.caller import Caller
from server.stores import idempotency
from server.stores.postgres import Database


@dataclass(frozen=True)
class Invitations:
    """How people come to have accounts."""

    database: Database
    links: Links

    async def InviteAccount(self, request: rpc.InviteAccountRequest, call: Call) -> rpc.InviteAccountResponse:
        organisation_id = rules.organisation_for(call.caller, request.organisation_id, rules.WRITE)
        rules.check_gives(call.caller, request.role, organisation_id)
        rules.check_account(request.account.email, request.account.name, "account.")
        async with self.database.transaction() as connection:
            # What is remembered is the id alone: an address that was erased must not live on in the response.
            known = await idempotency.earlier(connection, call, request, rpc.InviteAccountResponse)
            if known is None:
                email, name = request.account.email, request.account.name
                account_id = await invite(connection, call.caller, self.links, email, name, request.role, organisation_id)
                await idempotency.remember(connection, call, rpc.InviteAccountResponse(account=Account(id=str(account_id))))
            else:
                account_id = uuid.UUID(known.account.id)
            principal = await finding.visible(connection, call.caller, account_id)
        http.created(call, f"/v1/accounts/{account_id}")
        return rpc.InviteAccountResponse(account=views.shown_to(call.caller, principal))


async def invite(
    connection: AsyncConnection,
    caller: Caller,
    links: Links,
    email: str,
    name: str,
    role: Role.ValueType,
    organisation_id: uuid.UUID | None,
) -> uuid.UUID:
    """Returns the id of the invited account, with this role among others. Of many at once one makes it; the others invite it
    again.

    Raises OrganisationNotFound; EmailTaken, also for an invited account that the caller may not change."""
    if organisation_id:
        await organisations.existing(connection, organisation_id)
    account = await account_queries.add_invited(connection, email, name)
    if account is not None:
        await account_queries.add_grant(connection, account.id, role, organisation_id)
    else:
        account = await account_queries.lock_by_email(connection, email)
        if account is None or account.state != AccountState.ACCOUNT_STATE_INVITED:
            raise failures.EmailTaken
        principal = Principal(account, await account_queries.grants(connection, account.id))
        if not rules.may_change(caller, principal.grants):
            raise failures.EmailTaken
        await changes.grant(connection, principal, role, organisation_id)
    await audit.add(
        connection,
        "account.invite",
        account.id,
        organisation_id=organisation_id,
        personal={"email": account.email, "name": account.name},
        role=Role.Name(role),
        by=audit.origin(),
    )
    inviter = {"inviter_id": str(caller.account_id)} if caller.account_id else {}
    await links.send(connection, account, INVITATION, account.email, **inviter)
    account_id: uuid.UUID = account.id
    return account_id
