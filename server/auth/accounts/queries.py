"""SQL: accounts and their grants. What every sign-in asks is built once."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import uuid6
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    bindparam,
    cast,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.account_pb2 import AccountKind, AccountState, Role
from server.auth import families
from server.auth.accounts import addresses
from server.auth.models import Account, ApiKey, Grant, Link, LocaleGrant, Session
from server.stores.parameters import is_one_of
from server.stores.postgres import AnyRow

ACTIVE = AccountState.ACCOUNT_STATE_ACTIVE
ADMINS_LOCK = 0x67617A61646D696E  # "gazadmin"
"""The advisory lock of whoever makes the number of admins of all organisations smaller."""

ACCOUNT = select(Account.__table__).where(Account.id == bindparam("account_id"))
ACTIVE_ACCOUNT = ACCOUNT.where(Account.state == ACTIVE)
VERIFIED_ACCOUNT = ACTIVE_ACCOUNT.where(Account.password_hash == bindparam("password_hash"))
LOCKED_ACCOUNT, LOCKED_ACTIVE_ACCOUNT, LOCKED_VERIFIED_ACCOUNT = (
    each.with_for_update(key_share=True) for each in (ACCOUNT, ACTIVE_ACCOUNT, VERIFIED_ACCOUNT)
)
"""A row that is locked so stays as it is until the transaction ends; who signs in meanwhile waits."""
ACCOUNT_BY_EMAIL = select(Account.__table__).where(func.lower(Account.email) == func.lower(bindparam("email")))
LOCKED_ACCOUNT_BY_EMAIL = ACCOUNT_BY_EMAIL.with_for_update(key_share=True)
FOLDED = select(func.lower(bindparam("email", type_=Text)))
FOLDED_EMAIL = select(func.lower(Account.email)).where(Account.id == bindparam("account_id"))
NO_LOCALES = cast(array([]), ARRAY(Text())).label("locales")


def all_grants(of: Callable[[Any], ColumnElement[bool]]) -> Select[Any]:
    """The grants of accounts, in the order in which they were given: each with the languages that it is for, none for all."""
    names = ("id", "account_id", "role", "organisation_id")
    whole = select(*(getattr(Grant, name) for name in names), NO_LOCALES).where(of(Grant.account_id))
    limited = select(*(getattr(LocaleGrant, name) for name in (*names, "locales"))).where(of(LocaleGrant.account_id))
    both = union_all(whole, limited).subquery("all_grants")
    return select(both.c.account_id, both.c.role, both.c.organisation_id, both.c.locales).order_by(both.c.id)


GRANTS = all_grants(lambda account_id: account_id == bindparam("account_id"))


async def account(connection: AsyncConnection, account_id: uuid.UUID) -> AnyRow | None:
    return (await connection.execute(ACCOUNT, {"account_id": account_id})).one_or_none()


async def active_account(connection: AsyncConnection, account_id: uuid.UUID) -> AnyRow | None:
    return (await connection.execute(ACTIVE_ACCOUNT, {"account_id": account_id})).one_or_none()


async def active_accounts(connection: AsyncConnection, account_ids: Collection[uuid.UUID]) -> Sequence[AnyRow]:
    """Those of the accounts that were not disabled, in no order."""
    statement = select(Account.__table__).where(is_one_of(Account.id, account_ids), Account.state == ACTIVE)
    return (await connection.execute(statement)).all()


async def account_by_email(connection: AsyncConnection, email: str) -> AnyRow | None:
    """The account with this address, whatever its state, without regard to case and to how its domain is written."""
    return (await connection.execute(ACCOUNT_BY_EMAIL, {"email": addresses.asked(email)})).one_or_none()


async def lock(connection: AsyncConnection, account_id: uuid.UUID) -> AnyRow | None:
    """The account. It stays as it is, and so do its grants, until the transaction ends; who signs in meanwhile waits."""
    return (await connection.execute(LOCKED_ACCOUNT, {"account_id": account_id})).one_or_none()


async def lock_active(connection: AsyncConnection, account_id: uuid.UUID) -> AnyRow | None:
    """The account, unless it was disabled. It stays as it is until the transaction ends."""
    return (await connection.execute(LOCKED_ACTIVE_ACCOUNT, {"account_id": account_id})).one_or_none()


async def lock_verified(connection: AsyncConnection, account_id: uuid.UUID, password_hash: str) -> AnyRow | None:
    """The account, unless it was disabled or its password changed since its hash was verified. It stays so until the
    transaction ends."""
    values = {"account_id": account_id, "password_hash": password_hash}
    return (await connection.execute(LOCKED_VERIFIED_ACCOUNT, values)).one_or_none()


async def lock_by_email(connection: AsyncConnection, email: str) -> AnyRow | None:
    """The account with this address, whatever its state. It stays as it is until the transaction ends."""
    return (await connection.execute(LOCKED_ACCOUNT_BY_EMAIL, {"email": addresses.asked(email)})).one_or_none()


async def folded_email(connection: AsyncConnection, account_id: uuid.UUID) -> str:
    """The account's address as PostgreSQL compares it."""
    return str((await connection.execute(FOLDED_EMAIL, {"account_id": account_id})).scalar_one())


async def folded(connection: AsyncConnection, email: str) -> str:
    """Any address as PostgreSQL compares it."""
    return str((await connection.execute(FOLDED, {"email": email})).scalar_one())


async def grants(connection: AsyncConnection, account_id: uuid.UUID) -> Sequence[AnyRow]:
    """The role, the organisation_id and the locales of each grant, in the order in which they were given."""
    rows: Sequence[AnyRow] = (await connection.execute(GRANTS, {"account_id": account_id})).all()
    return rows


async def grants_of(connection: AsyncConnection, account_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Sequence[AnyRow]]:
    """Each account's grants, in the order in which they were given."""
    statement = all_grants(lambda account_id: is_one_of(account_id, account_ids))
    found = defaultdict[uuid.UUID, list[AnyRow]](list)
    for row in await connection.execute(statement):
        found[row.account_id].append(row)
    return found


async def granted(
    connection: AsyncConnection, organisation_id: uuid.UUID, roles: Collection[int], limit: int
) -> Sequence[uuid.UUID]:
    """Accounts that have one of these roles in the organisation, and then those that have it in all."""
    is_there = or_(Grant.organisation_id == organisation_id, Grant.organisation_id.is_(None))
    is_central = func.bool_and(Grant.organisation_id.is_(None))
    statement = select(Grant.account_id).where(is_there, is_one_of(Grant.role, roles)).group_by(Grant.account_id)
    statement = statement.order_by(is_central, Grant.account_id).limit(limit)
    return (await connection.execute(statement)).scalars().all()


async def accounts(
    connection: AsyncConnection,
    organisation_ids: frozenset[uuid.UUID] | None,
    *,
    before: uuid.UUID | None = None,
    limit: int | None = None,
    query: str = "",
    **equal: Any,
) -> Sequence[AnyRow]:
    """Accounts that have a grant in one of the organisations (None: all accounts, with a grant or without), the newest first.
    `query` is part of a name or an address; columns are `equal` to what is given."""
    statement = select(Account.__table__).where(*(getattr(Account, name) == value for name, value in equal.items()))
    if organisation_ids is not None:
        held = [
            exists().where(table.account_id == Account.id, is_one_of(table.organisation_id, organisation_ids))
            for table in (Grant, LocaleGrant)
        ]
        statement = statement.where(or_(*held))
    if before is not None:
        statement = statement.where(Account.id < before)
    if query:
        columns = (Account.name, Account.email)
        statement = statement.where(or_(*(column.icontains(query, autoescape=True) for column in columns)))
    return (await connection.execute(statement.order_by(Account.id.desc()).limit(limit))).all()


async def add_account(connection: AsyncConnection, email: str, name: str, password_hash: str) -> AnyRow | None:
    """Returns the new account, or None if the address is taken."""
    return await add(connection, email=addresses.asked(email), name=name, password_hash=password_hash, state=ACTIVE)


async def add_invited(connection: AsyncConnection, email: str, name: str) -> AnyRow | None:
    """Returns the new account of a person without a password, or None if the address is taken."""
    return await add(connection, email=addresses.asked(email), name=name, state=AccountState.ACCOUNT_STATE_INVITED)


async def add(connection: AsyncConnection, **values: Any) -> AnyRow | None:
    statement = upsert(Account).values(id=uuid6.uuid7(), **values)
    statement = statement.on_conflict_do_nothing(index_elements=[text("lower(email)")])
    made: AnyRow | None = (await connection.execute(statement.returning(Account.__table__))).one_or_none()
    return made


async def change(connection: AsyncConnection, account_id: uuid.UUID, **changed: Any) -> AnyRow:
    """Returns the account as it is after the change."""
    statement = update(Account).where(Account.id == account_id).values(changed).returning(Account.__table__)
    made: AnyRow = (await connection.execute(statement)).one()
    return made


async def renew_password_hash(connection: AsyncConnection, account_id: uuid.UUID, password_hash: str) -> None:
    """Stores the same password, hashed anew."""
    await connection.execute(update(Account).where(Account.id == account_id).values(password_hash=password_hash))


async def set_password_hash(connection: AsyncConnection, account_id: uuid.UUID, password_hash: str) -> AnyRow:
    """Gives the account another password, or its first one. Returns the account as it is then."""
    return await change(
        connection, account_id, password_hash=password_hash, password_generation=Account.password_generation + 1
    )


async def add_grant(connection: AsyncConnection, account_id: uuid.UUID, role: int, organisation_id: uuid.UUID | None) -> None:
    grant = {"id": uuid6.uuid7(), "account_id": account_id, "role": role, "organisation_id": organisation_id}
    await connection.execute(upsert(Grant).values(grant).on_conflict_do_nothing())


async def put_locale_grant(
    connection: AsyncConnection, account_id: uuid.UUID, role: int, organisation_id: uuid.UUID | None, locales: Iterable[str]
) -> None:
    """Lets the account hold the role there for these languages alone, in place of those before."""
    row = {"id": uuid6.uuid7(), "account_id": account_id, "role": role, "organisation_id": organisation_id}
    statement = upsert(LocaleGrant).values(**row, locales=sorted(locales))
    keys = [LocaleGrant.account_id, LocaleGrant.role, LocaleGrant.organisation_id]
    statement = statement.on_conflict_do_update(index_elements=keys, set_={"locales": statement.excluded.locales})
    await connection.execute(statement)


async def remove_grant(
    connection: AsyncConnection, account_id: uuid.UUID, role: int, organisation_id: uuid.UUID | None
) -> None:
    """For all languages, and for single ones."""
    for table in (Grant, LocaleGrant):
        await remove_from(connection, table, account_id, role, organisation_id)


async def remove_locale_grant(
    connection: AsyncConnection, account_id: uuid.UUID, role: int, organisation_id: uuid.UUID | None
) -> None:
    await remove_from(connection, LocaleGrant, account_id, role, organisation_id)


async def remove_from(
    connection: AsyncConnection, table: Any, account_id: uuid.UUID, role: int, organisation_id: uuid.UUID | None
) -> None:
    is_there = table.organisation_id.is_not_distinct_from(organisation_id)
    await connection.execute(delete(table).where(table.account_id == account_id, table.role == role, is_there))


async def has_other_admin(connection: AsyncConnection, account_id: uuid.UUID) -> bool:
    """Whether another person who can sign in is an admin of all organisations. Who asks is alone in making that less true until
    the transaction ends."""
    await connection.execute(select(func.pg_advisory_xact_lock(ADMINS_LOCK)))
    statement = exists().where(
        Grant.account_id == Account.id,
        Grant.role == Role.ROLE_ADMIN,
        Grant.organisation_id.is_(None),
        Account.id != account_id,
        Account.kind == AccountKind.ACCOUNT_KIND_PERSON,
        Account.state == ACTIVE,
    )
    return bool((await connection.execute(select(statement))).scalar())


async def blank(connection: AsyncConnection, account_id: uuid.UUID, now: datetime) -> None:
    """Takes all roles from the account, ends its keys with those that were made with them, and forgets where its sessions came
    from and its links went to."""
    for table in (Grant, LocaleGrant):
        await connection.execute(delete(table).where(table.account_id == account_id))
    await families.revoke(connection, ApiKey.account_id == account_id, now)
    await connection.execute(update(Session).where(Session.account_id == account_id).values(user_agent="", address=""))
    await connection.execute(update(Link).where(Link.account_id == account_id).values(email=""))
