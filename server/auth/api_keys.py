"""Services and their keys: CreateServiceAccount, CreateApiKey, ListApiKeys, RevokeApiKey."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import uuid6
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1 import service_account_pb2 as rpc
from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.api_key_pb2 import ApiKey
from server import calls, http, idempotency
from server.audit import queries as audit
from server.auth import account_rules, accounts, api_key_queries, api_key_rules, queries, rules
from server.auth.accounts import Holder
from server.auth.administration import AccountParts, Context
from server.database import AnyRow
from server.messages import message, moment

PAGE_SIZE = 50


class ApiKeys(AccountParts):
    """How services come to call."""

    async def CreateServiceAccount(
        self, request: rpc.CreateServiceAccountRequest, context: Context
    ) -> rpc.CreateServiceAccountResponse:
        call = calls.current()
        place = account_rules.place(call.caller, request.organisation_id, account_rules.WRITE)
        account_rules.check_gives(call.caller, request.role, place)
        async with self.database.transaction() as connection:
            answer = await idempotency.earlier(connection, request, rpc.CreateServiceAccountResponse)
            if answer is None:
                holder = await create_service(connection, request.account.name, request.role, place, "account.name")
                answer = rpc.CreateServiceAccountResponse(account=accounts.shown(*holder))
                await idempotency.remember(connection, answer)
        http.created(call, f"/v1/accounts/{answer.account.id}")
        return answer

    async def CreateApiKey(self, request: rpc.CreateApiKeyRequest, context: Context) -> rpc.CreateApiKeyResponse:
        overlap = request.overlap.ToTimedelta() if request.HasField("overlap") else api_key_rules.OVERLAP
        async with self.changing(request.account_id) as (connection, holder):
            account_rules.check_scopes(calls.current().caller, holder.grants, request.scopes)
            row, key = await create(
                connection,
                holder,
                request.name,
                request.scopes,
                self.now(),
                expire_time=moment(request.expire_time) if request.HasField("expire_time") else None,
                replaces=uuid.UUID(request.replaces_id) if request.replaces_id else None,
                overlap=overlap,
            )
        http.created(calls.current(), f"/v1/accounts/{request.account_id}/api-keys/{row.id}")
        return rpc.CreateApiKeyResponse(api_key=message(ApiKey, row), key=key)

    async def ListApiKeys(self, request: rpc.ListApiKeysRequest, context: Context) -> rpc.ListApiKeysResponse:
        caller = calls.current().caller
        page = self.paging.page(request, caller.known_id, PAGE_SIZE)
        async with self.database.read() as connection:
            holder = await accounts.visible(connection, caller, uuid.UUID(request.account_id))
            rows = await api_key_queries.of_account(connection, holder.account.id, page.after_id, page.limit)
        rows, token = page.cut(rows, lambda row: (row.id,))
        return rpc.ListApiKeysResponse(api_keys=[message(ApiKey, row) for row in rows], next_page_token=token)

    async def RevokeApiKey(self, request: rpc.RevokeApiKeyRequest, context: Context) -> rpc.RevokeApiKeyResponse:
        async with self.changing(request.account_id) as (connection, holder):
            row = await revoke(connection, holder, uuid.UUID(request.id), self.now())
        self.tokens.revocations.add(row.id)
        return rpc.RevokeApiKeyResponse(api_key=message(ApiKey, row))


async def create_service(
    connection: AsyncConnection, name: str, role: Role.ValueType, organisation_id: uuid.UUID | None, field: str = "name"
) -> Holder:
    """The account of a service, with one role. Raises InvalidArgument that names the request's field, OrganisationNotFound."""
    rules.check_name(name, field)
    if organisation_id and await queries.organisation(connection, organisation_id) is None:
        raise rules.OrganisationNotFound
    account = await api_key_queries.add_service(connection, name)
    await queries.add_grant(connection, account.id, role, organisation_id)
    await audit.add(
        connection,
        "account.create",
        account.id,
        organisation_id=organisation_id,
        role=Role.Name(role),
        by=calls.origin(),
        kind="service",
    )
    return await accounts.found(connection, account.id)


async def create(
    connection: AsyncConnection,
    holder: Holder,
    name: str,
    scopes: Collection[int],
    now: datetime,
    *,
    expire_time: datetime | None = None,
    replaces: uuid.UUID | None = None,
    overlap: timedelta = api_key_rules.OVERLAP,
) -> tuple[AnyRow, str]:
    """A key of the service account, and the key itself. The one that it replaces ends after `overlap`.

    Raises NotAService, AccountErased, ApiKeyNotFound, InvalidArgument."""
    account_rules.check_not_erased(holder.account)
    api_key_rules.check_service(holder.account)
    rules.check_name(name, "name")
    end = api_key_rules.expire_time(now, expire_time)
    if replaces is not None:
        replaced = await api_key_queries.lock(connection, holder.account.id, replaces)
        if replaced is None:
            raise api_key_rules.ApiKeyNotFound
        await api_key_queries.end_by(connection, replaced.id, now + overlap)
    key_id = uuid6.uuid7()
    key = api_key_rules.make(key_id)
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
    row = await api_key_queries.add(
        connection,
        id=key_id,
        account_id=holder.account.id,
        name=name,
        sha256=api_key_rules.digest(key),
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
    row = await api_key_queries.lock(connection, holder.account.id, key_id)
    if row is None:
        raise api_key_rules.ApiKeyNotFound
    if row.revoke_time is None:
        row = await api_key_queries.revoke(connection, key_id, now)
        await note(connection, "api_key.revoke", holder, key_id)
    return row


async def note(connection: AsyncConnection, action: str, holder: Holder, key_id: uuid.UUID, **about: Any) -> None:
    place = account_rules.only_place(holder.grants)
    about |= {"account_id": str(holder.account.id), "by": calls.origin()}
    await audit.add(connection, action, key_id, organisation_id=place, **about)
