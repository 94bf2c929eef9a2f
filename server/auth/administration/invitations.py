"""Inviting people: an account without a password, and a mail with a link to set one. InviteAccount, and what it shares with the
command line."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1 import account_administration_pb2 as rpc
from gazette.auth.v1.account_pb2 import Account, AccountState, Role
from server import audit, organisations
from server.auth import failures
from server.auth.accounts import finding, rules, views
from server.auth.accounts import queries as account_queries
from server.auth.accounts.finding import Principal
from server.auth.administration import changes
from server.auth.guessing.mailing import INVITATIONS, count_mail
from server.auth.links import queries as link_queries
from server.auth.links.mailed import Links
from server.auth.links.purposes import INVITATION
from server.rpc import http
from server.rpc.call import Call
from server.rpc.caller import Caller
from server.stores import idempotency
from server.stores.postgres import AnyRow, Database


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
                invited = await invite(connection, call.caller, self.links, email, name, request.role, organisation_id)
                known = rpc.InviteAccountResponse(account=Account(id=str(invited.account_id)), mail_sent=invited.is_mailed)
                await idempotency.remember(connection, call, known)
            account_id = uuid.UUID(known.account.id)
            principal = await finding.visible(connection, call.caller, account_id)
        http.created(call, f"/v1/accounts/{account_id}")
        return rpc.InviteAccountResponse(account=views.shown_to(call.caller, principal), mail_sent=known.mail_sent)


class Invited(NamedTuple):
    """What came of an invitation."""

    account_id: uuid.UUID
    is_mailed: bool
    """False: so many went to this address that it gets no further one now. The link in the newest one holds."""


async def invite(
    connection: AsyncConnection,
    caller: Caller,
    links: Links,
    email: str,
    name: str,
    role: Role.ValueType,
    organisation_id: uuid.UUID | None,
) -> Invited:
    """Makes the invited account, with this role among others. Of many at once one makes it; the others invite it again.

    Raises OrganisationNotFound; EmailTaken, also for an account that somebody else's invitation is still waiting for."""
    if organisation_id:
        await organisations.existing(connection, organisation_id)
    account = await account_queries.add_invited(connection, email, name)
    if account is not None:
        await account_queries.add_grant(connection, account.id, role, organisation_id)
    else:
        account = await account_queries.lock_by_email(connection, email)
        if account is None or rules.enabled_state(account) != AccountState.ACCOUNT_STATE_INVITED:
            raise failures.EmailTaken
        principal = await invitable(connection, caller, links.now(), account)
        await changes.grant(connection, principal, role, organisation_id)
    folded_email = await account_queries.folded_email(connection, account.id)
    is_mailed = not await count_mail(connection, INVITATIONS, folded_email)
    await audit.add(
        connection,
        "account.invite",
        account.id,
        organisation_id=organisation_id,
        personal={"email": account.email, "name": account.name},
        role=Role.Name(role),
        by=audit.origin(),
        mail="queued" if is_mailed else "held back",
    )
    if is_mailed:
        inviter = {"inviter_id": str(caller.account_id)} if caller.account_id else {}
        await links.send(connection, account, INVITATION, account.email, **inviter)
    return Invited(account.id, is_mailed)


async def invitable(connection: AsyncConnection, caller: Caller, now: datetime, account: AnyRow) -> Principal:
    """The account of a person who never accepted an invitation, as one that waits for them again. An invitation of others is
    left alone as long as it holds. One that has expired keeps nobody from inviting; of one that was withdrawn, by disabling the
    account, nothing is left. Raises EmailTaken."""
    principal = Principal(account, await account_queries.grants(connection, account.id))
    is_withdrawn = account.state == AccountState.ACCOUNT_STATE_DISABLED
    if not rules.may_change(caller, principal.grants):
        is_central = any(each.organisation_id is None for each in principal.grants)
        if is_central or (not is_withdrawn and await link_queries.is_sent(connection, account.id, INVITATION, now)):
            raise failures.EmailTaken
    if is_withdrawn:
        principal = await changes.withdraw(connection, principal)
        await changes.enable(connection, principal)
    return principal
