"""Inviting people: an account without a password, and a mail with a link to set one."""

from __future__ import annotations

import uuid

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.account_pb2 import AccountState, Role
from server import audit
from server.auth import failures
from server.auth.accounts import queries as account_queries
from server.auth.accounts import rules as account_rules
from server.auth.accounts.finding import Holder
from server.auth.administration import changes
from server.auth.links import links
from server.auth.links.links import Links
from server.organisations import failures as organisation_failures
from server.organisations import queries as organisation_queries
from server.rpc import ambient
from server.rpc.caller import Caller


async def invite(
    connection: AsyncConnection,
    caller: Caller,
    sender: Links,
    email: str,
    name: str,
    role: Role.ValueType,
    organisation_id: uuid.UUID | None,
) -> uuid.UUID:
    """The id of the invited account, with this role among others. Of many at once one makes it; the others invite it again.

    Raises OrganisationNotFound; EmailTaken, also for an invited account that the caller may not change."""
    if organisation_id and await organisation_queries.organisation(connection, organisation_id) is None:
        raise organisation_failures.OrganisationNotFound
    account = await account_queries.add_invited(connection, email, name)
    if account is not None:
        await account_queries.add_grant(connection, account.id, role, organisation_id)
    else:
        account = await account_queries.lock_by_email(connection, email)
        if account is None or account.state != AccountState.ACCOUNT_STATE_INVITED:
            raise failures.EmailTaken
        holder = Holder(account, await account_queries.grants(connection, account.id))
        if not account_rules.may_change(caller, holder.grants):
            raise failures.EmailTaken
        await changes.grant(connection, holder, role, organisation_id)
    await audit.add(
        connection,
        "account.invite",
        account.id,
        organisation_id=organisation_id,
        personal={"email": account.email, "name": account.name},
        role=Role.Name(role),
        by=ambient.origin(),
    )
    inviter = {"inviter_id": str(caller.account_id)} if caller.account_id else {}
    await sender.send(connection, account, links.INVITATION, account.email, **inviter)
    account_id: uuid.UUID = account.id
    return account_id
