"""Making accounts of people who have a password at once: what the command line and the demo share."""

from __future__ import annotations

import uuid

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.account_pb2 import Role
from server import audit, organisations
from server.auth import failures
from server.auth.accounts import queries, rules
from server.auth.passwords import rules as password_rules
from server.auth.passwords.hashing import Passwords
from server.stores.postgres import AnyRow


async def create(
    connection: AsyncConnection,
    passwords: Passwords,
    email: str,
    name: str,
    password: str,
    role: Role.ValueType,
    organisation_id: uuid.UUID | None,
) -> AnyRow:
    """Returns a new account with one role, in one organisation or, for None, in all. Raises EmailTaken, WeakPassword,
    InvalidArgument, OrganisationNotFound."""
    rules.check_account(email, name)
    organisation = await organisations.existing(connection, organisation_id) if organisation_id else None
    password_rules.check_password(password, email, name, *((organisation.slug, organisation.name) if organisation else ()))
    account = await queries.add_account(connection, email, name, await passwords.hash(password))
    if account is None:
        raise failures.EmailTaken
    await queries.add_grant(connection, account.id, role, organisation_id)
    await audit.add(
        connection,
        "account.create",
        account.id,
        organisation_id=organisation_id,
        personal={"email": email, "name": name},
        role=Role.Name(role),
        by=audit.origin(),
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
    """Makes the account unless there is one with this address, and returns its id."""
    account = await queries.account_by_email(connection, email)
    if account is None:
        account = await create(connection, passwords, email, name, password, role, organisation_id)
    account_id: uuid.UUID = account.id
    return account_id
