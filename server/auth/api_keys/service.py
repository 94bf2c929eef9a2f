"""Services and their keys: CreateServiceAccount, CreateApiKey, ListApiKeys, RevokeApiKey."""

from __future__ import annotations

import uuid

from gazette.auth.v1 import service_account_pb2 as rpc
from gazette.auth.v1.api_key_pb2 import ApiKey
from server.auth.accounts import finding, views
from server.auth.accounts import rules as account_rules
from server.auth.administration.service import AccountParts
from server.auth.api_keys import queries, rules
from server.auth.api_keys.keys import create, create_service, revoke
from server.rpc import http
from server.rpc.call import Call
from server.rpc.messages import message, moment
from server.stores import idempotency

PAGE_SIZE = 50


class ApiKeys(AccountParts):
    """How services come to call."""

    async def CreateServiceAccount(
        self, request: rpc.CreateServiceAccountRequest, call: Call
    ) -> rpc.CreateServiceAccountResponse:
        place = account_rules.place(call.caller, request.organisation_id, account_rules.WRITE)
        account_rules.check_gives(call.caller, request.role, place)
        async with self.database.transaction() as connection:
            answer = await idempotency.earlier(connection, call, request, rpc.CreateServiceAccountResponse)
            if answer is None:
                holder = await create_service(connection, request.account.name, request.role, place, "account.name")
                answer = rpc.CreateServiceAccountResponse(account=views.shown(*holder))
                await idempotency.remember(connection, call, answer)
        http.created(call, f"/v1/accounts/{answer.account.id}")
        return answer

    async def CreateApiKey(self, request: rpc.CreateApiKeyRequest, call: Call) -> rpc.CreateApiKeyResponse:
        overlap = request.overlap.ToTimedelta() if request.HasField("overlap") else rules.OVERLAP
        async with self.changing(request.account_id) as (connection, holder):
            account_rules.check_scopes(call.caller, holder.grants, request.scopes)
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
        http.created(call, f"/v1/accounts/{request.account_id}/api-keys/{row.id}")
        return rpc.CreateApiKeyResponse(api_key=message(ApiKey, row), key=key)

    async def ListApiKeys(self, request: rpc.ListApiKeysRequest, call: Call) -> rpc.ListApiKeysResponse:
        caller = call.caller
        page = self.paging.page(request, caller.known_id, PAGE_SIZE)
        async with self.database.read() as connection:
            holder = await finding.visible(connection, caller, uuid.UUID(request.account_id))
            rows = await queries.of_account(connection, holder.account.id, page.after_id, page.limit)
        rows, token = page.cut(rows, lambda row: (row.id,))
        return rpc.ListApiKeysResponse(api_keys=[message(ApiKey, row) for row in rows], next_page_token=token)

    async def RevokeApiKey(self, request: rpc.RevokeApiKeyRequest, call: Call) -> rpc.RevokeApiKeyResponse:
        async with self.changing(request.account_id) as (connection, holder):
            row = await revoke(connection, holder, uuid.UUID(request.id), self.now())
        self.tokens.revocations.add(row.id)
        return rpc.RevokeApiKeyResponse(api_key=message(ApiKey, row))
