"""Making accounts, for those who have the database: the command line and the demo. And how an account looks to callers."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.account_pb2 import Account, Grant, Role
from server.audit import queries as audit
from server.auth import queries, rules
from server.auth.passwords import Passwords
from server.database import AnyRow
from server.messages import message


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
    await audit.add(connection, "account.create", account.id, organisation_id=organisation_id, role=Role.Name(role), by="cli")
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
