"""Making accounts of people who have a password at once: what the command line and the demo share."""

from __future__ import annotations

import uuid
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.account_pb2 import Role
from server import audit, organisations
from server.auth import failures
from server.auth.accounts import queries, rules
from server.auth.passwords import rules as password_rules
from server.auth.passwords.hashing import Passwords
from server.stores.postgres import AnyRow


class Person(NamedTuple):
    """Somebody who gets an account with one role, in one organisation or, for None, in all."""

    email: str
    name: str
    password: str
    role: Role.ValueType
    organisation_id: uuid.UUID | None


async def create(connection: AsyncConnection, passwords: Passwords, person: Person) -> AnyRow:
    """Returns a new account. Raises EmailTaken, WeakPassword, InvalidArgument, OrganisationNotFound."""
    rules.check_account(person.email, person.name)
    place = await organisations.existing(connection, person.organisation_id) if person.organisation_id else None
    known = (place.slug, place.name) if place else ()
    password_rules.check_password(person.password, person.email, person.name, *known)
    return await add(connection, passwords, person)


async def add(connection: AsyncConnection, passwords: Passwords, person: Person) -> AnyRow:
    """As `create`, of what was checked. Raises EmailTaken."""
    account = await queries.add_account(connection, person.email, person.name, await passwords.hash(person.password))
    if account is None:
        raise failures.EmailTaken
    await queries.add_grant(connection, account.id, person.role, person.organisation_id)
    await audit.add(
        connection,
        "account.create",
        account.id,
        organisation_id=person.organisation_id,
        personal={"email": account.email, "name": person.name},
        role=Role.Name(person.role),
        by=audit.origin(),
    )
    return account


async def ensure(connection: AsyncConnection, passwords: Passwords, person: Person) -> uuid.UUID:
    """Makes the account unless there is one with this address, and returns its id. The demo's are not checked."""
    account = await queries.account_by_email(connection, person.email)
    if account is None:
        account = await add(connection, passwords, person)
    account_id: uuid.UUID = account.id
    return account_id
