"""What happens to an account that is there: each change with its event, in the transaction of who asks, be it AccountService or
the command line. Whether the caller may was decided before; what nobody may is decided here."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.account_pb2 import AccountState, Role
from server import audit, mail
from server.auth import failures
from server.auth.accounts import queries as account_queries
from server.auth.accounts import rules as account_rules
from server.auth.accounts.finding import Holder
from server.auth.links import queries as link_queries
from server.auth.sessions import queries as session_queries
from server.auth.sessions import rules as session_rules
from server.auth.totp import changes
from server.auth.totp import queries as totp_queries
from server.organisations import failures as organisation_failures
from server.organisations import queries as organisation_queries
from server.rpc import ambient

DISABLED = AccountState.ACCOUNT_STATE_DISABLED
ERASED = AccountState.ACCOUNT_STATE_ERASED


async def rename(connection: AsyncConnection, holder: Holder, name: str) -> None:
    """Raises InvalidArgument, AccountErased."""
    account_rules.check_not_erased(holder.account)
    account_rules.check_name(name, "account.name")
    if name != holder.account.name:
        await account_queries.change(connection, holder.account.id, name=name)
        await note(connection, "account.update", holder, personal={"before": holder.account.name, "after": name})


async def disable(connection: AsyncConnection, holder: Holder, now: datetime) -> list[uuid.UUID]:
    """The sessions that it ended. Raises AccountErased, LastAdmin."""
    account_rules.check_not_erased(holder.account)
    if holder.account.state == DISABLED:
        return []
    await keep_an_admin(connection, holder)
    await set_state(connection, holder, DISABLED, "account.disable")
    await link_queries.end_all(connection, holder.account.id, now)
    return await session_queries.revoke_all(connection, holder.account.id, "disabled", now)


async def enable(connection: AsyncConnection, holder: Holder) -> None:
    """Raises AccountErased."""
    account_rules.check_not_erased(holder.account)
    if holder.account.state == DISABLED:
        await set_state(connection, holder, account_rules.enabled_state(holder.account), "account.enable")


async def erase(connection: AsyncConnection, holder: Holder, now: datetime) -> list[uuid.UUID]:
    """The sessions that it ended. What is left says nothing about a person. Raises LastAdmin."""
    if holder.account.state == ERASED:
        return []
    await keep_an_admin(connection, holder)
    account_id = holder.account.id
    await set_state(connection, holder, ERASED, "account.erase", grants=[named(each) for each in holder.grants])
    await account_queries.change(connection, account_id, email=None, name="", password_hash=None)
    await totp_queries.remove(connection, account_id)
    ended = await session_queries.revoke_all(connection, account_id, "erased", now)
    await link_queries.end_all(connection, account_id, now)
    await account_queries.blank(connection, account_id, now)
    await mail.erase(connection, account_id)
    await audit.erase(connection, account_id)
    return ended


async def end_sessions(connection: AsyncConnection, holder: Holder, now: datetime) -> list[uuid.UUID]:
    ended = await session_queries.revoke_all(connection, holder.account.id, "revoked", now)
    if ended:
        await note(connection, "session.revoke", holder, sessions=[str(each) for each in ended])
    return ended


async def end_session(connection: AsyncConnection, holder: Holder, session_id: uuid.UUID, now: datetime) -> None:
    """Raises SessionNotFound for one that has ended, or is another account's."""
    session = await session_queries.lock_session(connection, session_id)
    session_rules.check_goes_on(session, holder.account.id, now)
    await session_queries.revoke(connection, session_id, "revoked", now)
    await note(connection, "session.revoke", holder, sessions=[str(session_id)])


async def disable_totp(connection: AsyncConnection, holder: Holder, now: datetime) -> list[uuid.UUID]:
    """The sessions that it ended: whoever has the lost app may have more. Raises TotpNotEnrolled."""
    if holder.account.totp_confirm_time is None:
        raise failures.TotpNotEnrolled
    await totp_queries.remove(connection, holder.account.id)
    await note(connection, "account.totp_disable", holder)
    await changes.tell(connection, holder.account, is_enabled=False)
    return await session_queries.revoke_all(connection, holder.account.id, "authenticator-removed", now)


async def grant(connection: AsyncConnection, holder: Holder, role: Role.ValueType, organisation_id: uuid.UUID | None) -> None:
    """Gives the account a role that it may have already. Raises AccountErased, OrganisationNotFound, TooManyGrants."""
    account_rules.check_not_erased(holder.account)
    if organisation_id and await organisation_queries.organisation(connection, organisation_id) is None:
        raise organisation_failures.OrganisationNotFound
    if account_rules.holds(holder.grants, role, organisation_id):
        return
    account_rules.check_bound(holder.grants, role, organisation_id)
    await account_queries.add_grant(connection, holder.account.id, role, organisation_id)
    await note_roles(connection, "grant.add", holder, role, organisation_id)


async def revoke(
    connection: AsyncConnection, holder: Holder, role: Role.ValueType, organisation_id: uuid.UUID | None, now: datetime
) -> list[uuid.UUID]:
    """The sessions that it ended, since their tokens carry the role. Raises GrantNotFound, LastAdmin."""
    if not account_rules.holds(holder.grants, role, organisation_id):
        raise failures.GrantNotFound
    if role == Role.ROLE_ADMIN and organisation_id is None:
        await keep_an_admin(connection, holder)
    await account_queries.remove_grant(connection, holder.account.id, role, organisation_id)
    await note_roles(connection, "grant.revoke", holder, role, organisation_id)
    return await session_queries.revoke_all(connection, holder.account.id, "role-revoked", now)


async def keep_an_admin(connection: AsyncConnection, holder: Holder) -> None:
    """Raises LastAdmin if the account is the last one that can look after everything."""
    is_one = account_rules.is_admin_of_all(holder.account, holder.grants)
    if is_one and not await account_queries.has_other_admin(connection, holder.account.id):
        raise failures.LastAdmin


async def set_state(
    connection: AsyncConnection, holder: Holder, state: AccountState.ValueType, action: str, **before: Any
) -> None:
    await account_queries.change(connection, holder.account.id, state=state)
    before["state"] = AccountState.Name(holder.account.state)
    await note(connection, action, holder, before=before, after={"state": AccountState.Name(state)})


async def note(connection: AsyncConnection, action: str, holder: Holder, **about: Any) -> None:
    """Audits a change of the account as a whole: for the organisation, where one alone has to do with it."""
    place = account_rules.only_place(holder.grants)
    await audit.add(connection, action, holder.account.id, organisation_id=place, by=ambient.origin(), **about)


async def note_roles(
    connection: AsyncConnection, action: str, holder: Holder, role: int, organisation_id: uuid.UUID | None
) -> None:
    """Audits a change of the roles in one place, and which they were and are there."""
    after = await account_queries.grants(connection, holder.account.id)
    await audit.add(
        connection,
        action,
        holder.account.id,
        organisation_id=organisation_id,
        before={"roles": roles(holder.grants, organisation_id)},
        after={"roles": roles(after, organisation_id)},
        role=Role.Name(Role.ValueType(role)),
        by=ambient.origin(),
    )


def roles(grants: Iterable[Any], organisation_id: uuid.UUID | None) -> list[str]:
    return [Role.Name(each.role) for each in grants if each.organisation_id == organisation_id]


def named(grant: Any) -> dict[str, str]:
    place = {"organisation_id": str(grant.organisation_id)} if grant.organisation_id else {}
    return {"role": Role.Name(grant.role), **place}
