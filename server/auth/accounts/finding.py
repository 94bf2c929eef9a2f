"""Finding accounts, making them, and how they look to callers: what AccountService, the command line and the demo share.
`account_changes.py` has what happens to an account later."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from server.auth import failures
from server.auth.accounts import queries, rules
from server.rpc.caller import Caller
from server.stores.postgres import AnyRow


class Holder(NamedTuple):
    """An account, and the grants that it holds."""

    account: AnyRow
    grants: Sequence[AnyRow]


async def found(connection: AsyncConnection, account_id: uuid.UUID) -> Holder:
    """Raises AccountNotFound."""
    return of(await queries.account(connection, account_id), await queries.grants(connection, account_id))


async def locked(connection: AsyncConnection, account_id: uuid.UUID) -> Holder:
    """The account stays as it is, with its grants, until the transaction ends. Raises AccountNotFound."""
    return of(await queries.lock(connection, account_id), await queries.grants(connection, account_id))


def of(account: AnyRow | None, grants: Sequence[AnyRow]) -> Holder:
    if account is None:
        raise failures.AccountNotFound
    return Holder(account, grants)


async def visible(connection: AsyncConnection, caller: Caller, account_id: uuid.UUID) -> Holder:
    """The account, if the caller may see it. Raises AccountNotFound."""
    holder = await found(connection, account_id)
    rules.check_visible(caller, holder.grants)
    return holder


async def changeable(connection: AsyncConnection, caller: Caller, account_id: uuid.UUID) -> Holder:
    """The account, locked, if the caller may change it. Raises AccountNotFound, PermissionDenied."""
    holder = await locked(connection, account_id)
    rules.check_visible(caller, holder.grants)
    rules.check_changeable(caller, holder.grants)
    return holder
