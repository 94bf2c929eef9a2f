"""Finding accounts, making them, and how they look to callers: what AccountService, the command line and the demo share.
`account_changes.py` has what happens to an account later."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.account_pb2 import Account, Grant, Role
from server import calls
from server.access import Caller
from server.audit import queries as audit
from server.auth import account_queries, account_rules, queries, rules
from server.auth.passwords import Passwords
from server.database import AnyRow
from server.messages import message


class Holder(NamedTuple):
    """An account, and the grants that it holds."""

    account: AnyRow
    grants: Sequence[AnyRow]


async def found(connection: AsyncConnection, account_id: uuid.UUID) -> Holder:
    """Raises AccountNotFound."""
    return of(await account_queries.account(connection, account_id), await queries.grants(connection, account_id))


async def locked(connection: AsyncConnection, account_id: uuid.UUID) -> Holder:
    """The account stays as it is, with its grants, until the transaction ends. Raises AccountNotFound."""
    return of(await account_queries.lock(connection, account_id), await queries.grants(connection, account_id))


def of(account: AnyRow | None, grants: Sequence[AnyRow]) -> Holder:
    if account is None:
        raise account_rules.AccountNotFound
    return Holder(account, grants)


async def visible(connection: AsyncConnection, caller: Caller, account_id: uuid.UUID) -> Holder:
    """The account, if the caller may see it. Raises AccountNotFound."""
    holder = await found(connection, account_id)
    account_rules.check_visible(caller, holder.grants)
    return holder


async def changeable(connection: AsyncConnection, caller: Caller, account_id: uuid.UUID) -> Holder:
    """The account, locked, if the caller may change it. Raises AccountNotFound, PermissionDenied."""
    holder = await locked(connection, account_id)
    account_rules.check_visible(caller, holder.grants)
    account_rules.check_changeable(caller, holder.grants)
    return holder


async def create(
    connection: AsyncConnection,
    passwords: Passwords,
    email: str,
    name: str,
    password: str,
    role: Role.ValueType,
    organisation_id: uuid.UUID | None,
) -> AnyRow:
    """A new account with one role, in one organisation or, for None, in all. Raises EmailTaken, WeakPassword, InvalidArgument,
    OrganisationNotFound."""
    rules.check_account(email, name)
    place = await queries.organisation(connection, organisation_id) if organisation_id else None
    if organisation_id and place is None:
        raise rules.OrganisationNotFound
    rules.check_password(password, email, name, *((place.slug, place.name) if place else ()))
    account = await queries.add_account(connection, email, name, await passwords.hash(password))
    if account is None:
        raise rules.EmailTaken
    await queries.add_grant(connection, account.id, role, organisation_id)
    await audit.add(
        connection,
        "account.create",
        account.id,
        organisation_id=organisation_id,
        personal={"email": email, "name": name},
        role=Role.Name(role),
        by=calls.origin(),
    )
    return account


async def ensure(
    connection: AsyncConnection,
    passwords: Passwords,
    email: str,
    name: str,
    password: str,
    role: Role.ValueType,
    organisation_id: uuid.UUID | None,
) -> uuid.UUID:
    """The id of the account with this address: as it is if there is one, otherwise as `create` makes it."""
    account = await queries.account_by_email(connection, email)
    if account is None:
        account = await create(connection, passwords, email, name, password, role, organisation_id)
    account_id: uuid.UUID = account.id
    return account_id


def shown(account: AnyRow, grants: Iterable[AnyRow]) -> Account:
    return message(Account, account, grants=[message(Grant, grant) for grant in grants])


def shown_to(caller: Caller, holder: Holder) -> Account:
    """The account without what is other organisations' business."""
    return shown(holder.account, account_rules.shown_grants(caller, holder.grants))
