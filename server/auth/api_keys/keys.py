"""Making services and keys, and ending keys: what AccountService, the command line and the bootstrap key share."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import uuid6
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1.account_pb2 import Role
from server import audit
from server.auth import failures
from server.auth.accounts import finding
from server.auth.accounts import queries as account_queries
from server.auth.accounts import rules as account_rules
from server.auth.accounts.finding import Holder
from server.auth.api_keys import queries, rules
from server.organisations import failures as organisation_failures
from server.organisations import queries as organisation_queries
from server.rpc import ambient
from server.stores.postgres import AnyRow


async def create_service(
    connection: AsyncConnection, name: str, role: Role.ValueType, organisation_id: uuid.UUID | None, field: str = "name"
) -> Holder:
    """The account of a service, with one role. Raises InvalidArgument that names the request's field, OrganisationNotFound."""
    account_rules.check_name(name, field)
    if organisation_id and await organisation_queries.organisation(connection, organisation_id) is None:
        raise organisation_failures.OrganisationNotFound
    account = await queries.add_service(connection, name)
    await account_queries.add_grant(connection, account.id, role, organisation_id)
    await audit.add(
        connection,
        "account.create",
        account.id,
        organisation_id=organisation_id,
        role=Role.Name(role),
        by=ambient.origin(),
        kind="service",
    )
    return await finding.found(connection, account.id)


async def create(
    connection: AsyncConnection,
    holder: Holder,
    name: str,
    scopes: Collection[int],
    now: datetime,
    *,
    expire_time: datetime | None = None,
    replaces: uuid.UUID | None = None,
    overlap: timedelta = rules.OVERLAP,
) -> tuple[AnyRow, str]:
    """A key of the service account, and the key itself. The one that it replaces ends after `overlap`.

    Raises NotAService, AccountErased, ApiKeyNotFound, InvalidArgument."""
    account_rules.check_not_erased(holder.account)
    rules.check_service(holder.account)
    account_rules.check_name(name, "name")
    end = rules.expire_time(now, expire_time)
    if replaces is not None:
        replaced = await queries.lock(connection, holder.account.id, replaces)
        if replaced is None:
            raise failures.ApiKeyNotFound
        await queries.end_by(connection, replaced.id, now + overlap)
    key_id = uuid6.uuid7()
    key = rules.make(key_id)
    row = await add(connection, holder, key_id, key, name, scopes, now, end, replaces=str(replaces) if replaces else None)
    assert row is not None  # nobody else has these random bytes
    return row, key


async def add(
    connection: AsyncConnection,
    holder: Holder,
    key_id: uuid.UUID,
    key: str,
    name: str,
    scopes: Collection[int],
    now: datetime,
    end: datetime,
    **about: Any,
) -> AnyRow | None:
    """Stores what is known of a key, and audits it; None if it is there already."""
    row = await queries.add(
        connection,
        id=key_id,
        account_id=holder.account.id,
        name=name,
        sha256=rules.digest(key),
        scopes=sorted(scopes),
        create_time=now,
        expire_time=end,
    )
    if row is not None:
        about["scopes"] = [Permission.Name(Permission.ValueType(each)) for each in row.scopes]
        about["expire_time"] = end.isoformat()
        await note(connection, "api_key.create", holder, key_id, **about)
    return row


async def revoke(connection: AsyncConnection, holder: Holder, key_id: uuid.UUID, now: datetime) -> AnyRow:
    """Raises ApiKeyNotFound."""
    row = await queries.lock(connection, holder.account.id, key_id)
    if row is None:
        raise failures.ApiKeyNotFound
    if row.revoke_time is None:
        row = await queries.revoke(connection, key_id, now)
        await note(connection, "api_key.revoke", holder, key_id)
    return row


async def note(connection: AsyncConnection, action: str, holder: Holder, key_id: uuid.UUID, **about: Any) -> None:
    place = account_rules.only_place(holder.grants)
    about |= {"account_id": str(holder.account.id), "by": ambient.origin()}
    await audit.add(connection, action, key_id, organisation_id=place, **about)
