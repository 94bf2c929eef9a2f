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
from server import audit, organisations
from server.auth import failures, families
from server.auth.accounts import finding
from server.auth.accounts import queries as account_queries
from server.auth.accounts import rules as account_rules
from server.auth.accounts.finding import Principal
from server.auth.api_keys import queries, rules
from server.stores.postgres import AnyRow


async def create_service(
    connection: AsyncConnection, name: str, role: Role.ValueType, organisation_id: uuid.UUID | None, field: str = "name"
) -> Principal:
    """Makes the account of a service, with one role. Raises InvalidArgument that names the request's field,
    OrganisationNotFound."""
    account_rules.check_name(name, field)
    if organisation_id:
        await organisations.existing(connection, organisation_id)
    account = await queries.add_service(connection, name)
    await account_queries.add_grant(connection, account.id, role, organisation_id)
    await audit.add(
        connection,
        "account.create",
        account.id,
        organisation_id=organisation_id,
        role=Role.Name(role),
        by=audit.origin(),
        kind="service",
    )
    return await finding.found(connection, account.id)


async def create(
    connection: AsyncConnection,
    principal: Principal,
    name: str,
    scopes: Collection[int],
    now: datetime,
    *,
    expire_time: datetime | None = None,
    replaces: uuid.UUID | None = None,
    overlap: timedelta = rules.OVERLAP,
    maker_id: uuid.UUID | None = None,
) -> tuple[AnyRow, str]:
    """Makes a key of the service account; returns its row, and the key itself. The key that it replaces ends after `overlap`.
    One that is made with another key ends no later than that.

    Raises NotAService, AccountErased, ApiKeyNotFound, InvalidArgument, and InvalidApiKey if the maker has ended."""
    account_rules.check_not_erased(principal.account)
    rules.check_service(principal.account)
    account_rules.check_name(name, "name")
    end = rules.expire_time(now, expire_time)
    if maker_id is not None:
        maker = await families.keep(connection, maker_id, now)
        if maker is None:
            raise failures.InvalidApiKey
        end = min(end, maker.expire_time)
    if replaces is not None:
        replaced = await queries.lock(connection, principal.account.id, replaces)
        if replaced is None:
            raise failures.ApiKeyNotFound
        await queries.end_by(connection, replaced.id, now + overlap)
    key_id = uuid6.uuid7()
    key = rules.make(key_id)
    about: dict[str, Any] = {"maker": str(maker_id)} if maker_id else {}
    about["replaces"] = str(replaces) if replaces else None
    row = await add(
        connection, principal, key_id, key, name, scopes, now, end, maker_id=maker_id, replaces_id=replaces, **about
    )
    assert row is not None  # nobody else has these random bytes
    return row, key


async def add(
    connection: AsyncConnection,
    principal: Principal,
    key_id: uuid.UUID,
    key: str,
    name: str,
    scopes: Collection[int],
    now: datetime,
    end: datetime,
    *,
    maker_id: uuid.UUID | None = None,
    replaces_id: uuid.UUID | None = None,
    **about: Any,
) -> AnyRow | None:
    """Stores what is known of a key, audits it, and returns its row; None if it is there already."""
    row = await queries.add(
        connection,
        id=key_id,
        account_id=principal.account.id,
        name=name,
        sha256=rules.digest(key),
        scopes=sorted(scopes),
        create_time=now,
        expire_time=end,
        maker_id=maker_id,
        replaces_id=replaces_id,
    )
    if row is not None:
        about["scopes"] = [Permission.Name(Permission.ValueType(each)) for each in row.scopes]
        about["expire_time"] = end.isoformat()
        await add_event(connection, "api_key.create", principal, key_id, **about)
    return row


async def revoke(
    connection: AsyncConnection, principal: Principal, key_id: uuid.UUID, now: datetime
) -> tuple[AnyRow, list[uuid.UUID]]:
    """Ends the key, and all that were made with it. Returns its row, and the keys that ended. Raises ApiKeyNotFound."""
    row = await queries.lock(connection, principal.account.id, key_id)
    if row is None:
        raise failures.ApiKeyNotFound
    ended = await queries.revoke(connection, key_id, now)
    for each in ended:
        owner = principal
        if each.account_id != principal.account.id:
            owner = await finding.found(connection, each.account_id)
        about = {} if each.id == key_id else {"with": str(key_id)}
        await add_event(connection, "api_key.revoke", owner, each.id, **about)
    return next((each for each in ended if each.id == key_id), row), [each.id for each in ended]


async def add_event(connection: AsyncConnection, action: str, principal: Principal, key_id: uuid.UUID, **about: Any) -> None:
    """Audits a change of the key: for the organisation, where one alone has to do with its account."""
    organisation_id = account_rules.only_organisation(principal.grants)
    about |= {"account_id": str(principal.account.id), "by": audit.origin()}
    await audit.add(connection, action, key_id, organisation_id=organisation_id, **about)
