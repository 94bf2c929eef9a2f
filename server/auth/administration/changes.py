"""What those who look after accounts change of one: each change with its event, in the transaction of who asks, be it
AccountService or the command line. Whether the caller may was decided before; what nobody may is decided here."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.account_pb2 import AccountState, Role
from server import audit, mail, organisations
from server.auth import failures
from server.auth.accounts import queries as account_queries
from server.auth.accounts import rules as account_rules
from server.auth.accounts.changes import add_event
from server.auth.accounts.finding import Principal
from server.auth.links import queries as link_queries
from server.auth.sessions import queries as session_queries
from server.auth.totp import queries as totp_queries
from server.auth.totp.changes import notify_owner

DISABLED = AccountState.ACCOUNT_STATE_DISABLED
ERASED = AccountState.ACCOUNT_STATE_ERASED


async def disable(connection: AsyncConnection, principal: Principal, now: datetime) -> list[uuid.UUID]:
    """Returns the sessions that it ended. Raises AccountErased, LastAdmin."""
    account_rules.check_not_erased(principal.account)
    if principal.account.state == DISABLED:
        return []
    await keep_an_admin(connection, principal)
    await set_state(connection, principal, DISABLED, "account.disable")
    await link_queries.end_all(connection, principal.account.id, now)
    return await session_queries.revoke_all(connection, principal.account.id, "disabled", now)


async def enable(connection: AsyncConnection, principal: Principal) -> None:
    """Raises AccountErased."""
    account_rules.check_not_erased(principal.account)
    if principal.account.state == DISABLED:
        await set_state(connection, principal, account_rules.enabled_state(principal.account), "account.enable")


async def erase(connection: AsyncConnection, principal: Principal, now: datetime) -> list[uuid.UUID]:
    """Returns the sessions that it ended. What is left says nothing about a person. Raises LastAdmin."""
    if principal.account.state == ERASED:
        return []
    await keep_an_admin(connection, principal)
    account_id = principal.account.id
    await set_state(connection, principal, ERASED, "account.erase", grants=[named(each) for each in principal.grants])
    await account_queries.change(connection, account_id, email=None, name="", password_hash=None)
    await totp_queries.remove(connection, account_id)
    ended = await session_queries.revoke_all(connection, account_id, "erased", now)
    await link_queries.end_all(connection, account_id, now)
    await account_queries.blank(connection, account_id, now)
    await mail.erase(connection, account_id)
    await audit.erase(connection, account_id)
    return ended


async def disable_totp(connection: AsyncConnection, principal: Principal, now: datetime) -> list[uuid.UUID]:
    """Returns the sessions that it ended: whoever has the lost app may have more. Raises TotpNotEnrolled."""
    if principal.account.totp_confirm_time is None:
        raise failures.TotpNotEnrolled
    await totp_queries.remove(connection, principal.account.id)
    await add_event(connection, "account.totp_disable", principal)
    await notify_owner(connection, principal.account, is_enabled=False)
    return await session_queries.revoke_all(connection, principal.account.id, "authenticator-removed", now)


async def grant(
    connection: AsyncConnection,
    principal: Principal,
    role: Role.ValueType,
    organisation_id: uuid.UUID | None,
    locales: Collection[str] = (),
) -> None:
    """Gives the account a role that it may have already; with `locales`, for these languages beside those that it has it for.
    Raises AccountErased, OrganisationNotFound, TooManyGrants."""
    account_rules.check_not_erased(principal.account)
    if organisation_id:
        await organisations.existing(connection, organisation_id)
    if account_rules.has_grant(principal.grants, role, organisation_id):
        return
    so_far = account_rules.locales_of(principal.grants, role, organisation_id)
    if locales and so_far.issuperset(locales):
        return
    account_id, wanted = principal.account.id, so_far.union(locales) if locales else frozenset()
    others = [each for each in principal.grants if not (each.locales and is_of(each, role, organisation_id))]
    account_rules.check_bound(others, role, organisation_id, wanted)
    if wanted:
        await account_queries.put_locale_grant(connection, account_id, role, organisation_id, wanted)
    else:
        await account_queries.remove_locale_grant(connection, account_id, role, organisation_id)
        await account_queries.add_grant(connection, account_id, role, organisation_id)
    await add_roles_event(connection, "grant.add", principal, role, organisation_id)


async def revoke(
    connection: AsyncConnection,
    principal: Principal,
    role: Role.ValueType,
    organisation_id: uuid.UUID | None,
    now: datetime,
    locales: Collection[str] = (),
    *,
    ends_sessions: bool = False,
) -> list[uuid.UUID]:
    """Returns whose tokens, that carry the role, are not honoured as they are any more: the sessions that it ended, or the
    account. Its sessions end unless it has roles elsewhere, which the change does not concern: then they go on, and what they
    may is read anew, unless whoever asks `ends_sessions` in any case. With `locales` it is taken for these languages alone.
    Raises GrantNotFound, LastAdmin."""
    account_id = principal.account.id
    so_far = account_rules.locales_of(principal.grants, role, organisation_id)
    if not (so_far.intersection(locales) if locales else any(is_of(each, role, organisation_id) for each in principal.grants)):
        raise failures.GrantNotFound
    if role == Role.ROLE_ADMIN and organisation_id is None:
        await keep_an_admin(connection, principal)
    if locales and (left := so_far.difference(locales)):
        await account_queries.put_locale_grant(connection, account_id, role, organisation_id, left)
    elif locales:
        await account_queries.remove_locale_grant(connection, account_id, role, organisation_id)
    else:
        await account_queries.remove_grant(connection, account_id, role, organisation_id)
    await add_roles_event(connection, "grant.revoke", principal, role, organisation_id)
    is_of_others = organisation_id is not None and account_rules.only_organisation(principal.grants) is None
    if is_of_others and not ends_sessions:
        await session_queries.change_rights(connection, account_id, now)
        return [account_id]
    return await session_queries.revoke_all(connection, account_id, "role-revoked", now)


def is_of(grant: Any, role: int, organisation_id: uuid.UUID | None) -> bool:
    """Whether the grant is of this role there, for whatever languages."""
    return (grant.role, grant.organisation_id) == (role, organisation_id)


async def withdraw(connection: AsyncConnection, principal: Principal) -> Principal:
    """Takes all roles from an account that nobody has used yet. Returns it as it is then."""
    account_id, left = principal.account.id, principal
    for each in principal.grants:
        await account_queries.remove_grant(connection, account_id, each.role, each.organisation_id)
        await add_roles_event(connection, "grant.revoke", left, each.role, each.organisation_id)
        left = Principal(principal.account, await account_queries.grants(connection, account_id))
    return left


async def keep_an_admin(connection: AsyncConnection, principal: Principal) -> None:
    """Raises LastAdmin if the account is the last one that can look after everything."""
    is_one = account_rules.is_admin_of_all(principal.account, principal.grants)
    if is_one and not await account_queries.has_other_admin(connection, principal.account.id):
        raise failures.LastAdmin


async def set_state(
    connection: AsyncConnection, principal: Principal, state: AccountState.ValueType, action: str, **before: Any
) -> None:
    await account_queries.change(connection, principal.account.id, state=state)
    before["state"] = AccountState.Name(principal.account.state)
    await add_event(connection, action, principal, before=before, after={"state": AccountState.Name(state)})


async def add_roles_event(
    connection: AsyncConnection, action: str, principal: Principal, role: int, organisation_id: uuid.UUID | None
) -> None:
    """Audits a change of the roles in one organisation, or of those for all, and which they were and are there."""
    after = await account_queries.grants(connection, principal.account.id)
    await audit.add(
        connection,
        action,
        principal.account.id,
        organisation_id=organisation_id,
        before={"roles": roles(principal.grants, organisation_id)},
        after={"roles": roles(after, organisation_id)},
        role=Role.Name(Role.ValueType(role)),
        by=audit.origin(),
    )


def roles(grants: Iterable[Any], organisation_id: uuid.UUID | None) -> list[str]:
    return [named_role(each) for each in grants if each.organisation_id == organisation_id]


def named(grant: Any) -> dict[str, str]:
    where = {"organisation_id": str(grant.organisation_id)} if grant.organisation_id else {}
    return {"role": named_role(grant), **where}


def named_role(grant: Any) -> str:
    """With the languages that it is for, if it is not for all: `ROLE_AUTHOR (cy, fr)`."""
    return Role.Name(grant.role) + (f" ({', '.join(grant.locales)})" if grant.locales else "")
