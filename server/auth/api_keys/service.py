"""Services and their keys: CreateServiceAccount, CreateApiKey, ListApiKeys, RevokeApiKey."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from gazette.auth.v1 import service_account_pb2 as rpc
from gazette.auth.v1.api_key_pb2 import ApiKey
from server.auth.accounts import finding, views
from server.auth.accounts import rules as account_rules
from server.auth.accounts.finding import changing
from server.auth.api_keys import queries, rules
from server.auth.api_keys.keys import create, create_service, revoke
from server.auth.clock import utc_now
from server.auth.sessions.revocations import Revocations
from server.rpc import http
from server.rpc.answers import filled
from server.rpc.call import Call
from server.rpc.lists.paging import Paging
from server.rpc.messages import message, moment
from server.stores import idempotency
from server.stores.postgres import Database

PAGE_SIZE = 50


@dataclass(frozen=True)
class ApiKeys:
    """How services come to have accounts and keys."""

    database: Database
    paging: Paging
    revocations: Revocations
    now: Callable[[], datetime] = utc_now

    async def CreateServiceAccount(
        self, request: rpc.CreateServiceAccountRequest, call: Call
    ) -> rpc.CreateServiceAccountResponse:
        organisation_id = account_rules.organisation_for(call.caller, request.organisation_id, account_rules.WRITE)
        account_rules.check_gives(call.caller, request.role, organisation_id)
        async with self.database.transaction() as connection:
            response = await idempotency.earlier(connection, call, request, rpc.CreateServiceAccountResponse)
            if response is None:
                principal = await create_service(
                    connection, request.account.name, request.role, organisation_id, "account.name"
                )
                response = rpc.CreateServiceAccountResponse(account=views.shown(*principal))
                await idempotency.remember(connection, call, response)
        http.created(call, f"/v1/accounts/{response.account.id}")
        return response

    async def CreateApiKey(self, request: rpc.CreateApiKeyRequest, call: Call) -> rpc.CreateApiKeyResponse:
        overlap = request.overlap.ToTimedelta() if request.HasField("overlap") else rules.OVERLAP
        async with changing(self.database, call.caller, request.account_id) as (connection, principal):
            account_rules.check_scopes(call.caller, principal.grants, request.scopes)
            row, key = await create(
                connection,
                principal,
                request.name,
                request.scopes,
                self.now(),
                expire_time=moment(request.expire_time) if request.HasField("expire_time") else None,
                replaces=uuid.UUID(request.replaces_id) if request.replaces_id else None,
                overlap=overlap,
                maker_id=call.caller.key_id,
            )
        http.created(call, f"/v1/accounts/{request.account_id}/api-keys/{row.id}")
        return rpc.CreateApiKeyResponse(api_key=message(ApiKey, row), key=key)

    async def ListApiKeys(self, request: rpc.ListApiKeysRequest, call: Call) -> rpc.ListApiKeysResponse:
        caller = call.caller
        page = self.paging.page(request, caller.known_id, PAGE_SIZE)
        async with self.database.read() as connection:
            principal = await finding.visible(connection, caller, uuid.UUID(request.account_id))
            rows = await queries.of_account(connection, principal.account.id, page.after_id, page.limit)
        keys, token = filled(page, rows, lambda row: (row.id,), partial(message, ApiKey))
        return rpc.ListApiKeysResponse(api_keys=keys, next_page_token=token)

    async def RevokeApiKey(self, request: rpc.RevokeApiKeyRequest, call: Call) -> rpc.RevokeApiKeyResponse:
        async with changing(self.database, call.caller, request.account_id) as (connection, principal):
            row, ended = await revoke(connection, principal, uuid.UUID(request.id), self.now())
        self.revocations.add_all(ended)
        return rpc.RevokeApiKeyResponse(api_key=message(ApiKey, row))
