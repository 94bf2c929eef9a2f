"""Finding an account with its grants: for whoever may see it, for whoever may change it, and for its own person."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from server.auth import failures
from server.auth.accounts import queries, rules
from server.rpc.caller import Caller
from server.rpc.failures import Unauthenticated
from server.stores.postgres import AnyRow, Database


class Principal(NamedTuple):
    """An account, and its grants."""

    account: AnyRow
    grants: Sequence[AnyRow]


async def found(connection: AsyncConnection, account_id: uuid.UUID) -> Principal:
    """Raises AccountNotFound."""
    return of(await queries.account(connection, account_id), await queries.grants(connection, account_id))


async def locked(connection: AsyncConnection, account_id: uuid.UUID) -> Principal:
    """The account stays as it is, with its grants, until the transaction ends. Raises AccountNotFound."""
    return of(await queries.lock(connection, account_id), await queries.grants(connection, account_id))


def of(account: AnyRow | None, grants: Sequence[AnyRow]) -> Principal:
    if account is None:
        raise failures.AccountNotFound
    return Principal(account, grants)


async def named(connection: AsyncConnection, name: str) -> Principal:
    """The account that a command names by its id or its address, locked. Raises AccountNotFound that says where to look."""
    try:
        account = await queries.lock(connection, uuid.UUID(name))
    except ValueError:
        account = await queries.lock_by_email(connection, name)
    if account is None:
        raise failures.AccountNotFound(f"There is no account {name!r}; see: gazette accounts list")
    return Principal(account, await queries.grants(connection, account.id))


async def visible(connection: AsyncConnection, caller: Caller, account_id: uuid.UUID) -> Principal:
    """The account, if the caller may see it. Raises AccountNotFound."""
    principal = await found(connection, account_id)
    rules.check_visible(caller, principal.grants)
    return principal


async def changeable(connection: AsyncConnection, caller: Caller, account_id: uuid.UUID) -> Principal:
    """The account, locked, if the caller may change it. Raises AccountNotFound, PermissionDenied."""
    principal = await locked(connection, account_id)
    rules.check_visible(caller, principal.grants)
    rules.check_changeable(caller, principal.grants)
    return principal


@asynccontextmanager
async def changing(database: Database, caller: Caller, account_id: str) -> AsyncIterator[tuple[AsyncConnection, Principal]]:
    """A transaction, and the account that the caller changes in it, locked. Raises AccountNotFound, PermissionDenied."""
    async with database.transaction() as connection:
        yield connection, await changeable(connection, caller, uuid.UUID(account_id))


@asynccontextmanager
async def own_account(database: Database, caller: Caller) -> AsyncIterator[tuple[AsyncConnection, AnyRow]]:
    """A transaction, and the caller's own account, locked. Raises NeedsSession for a service, and Unauthenticated if the
    account was disabled."""
    caller.require_session()
    async with database.transaction() as connection:
        account = await queries.lock_active(connection, caller.known_id)
        if account is None:
            raise Unauthenticated
        yield connection, account
