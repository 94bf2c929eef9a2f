"""Services and their keys: CreateServiceAccount, CreateApiKey, ListApiKeys, RevokeApiKey."""

from __future__ import annotations

from gazette.auth.v1 import service_account_pb2 as rpc
from server.auth.administration import AccountParts, Context


class ApiKeys(AccountParts):
    """How services come to call."""

    async def CreateServiceAccount(
        self, request: rpc.CreateServiceAccountRequest, context: Context
    ) -> rpc.CreateServiceAccountResponse:
        raise NotImplementedError

    async def CreateApiKey(self, request: rpc.CreateApiKeyRequest, context: Context) -> rpc.CreateApiKeyResponse:
        raise NotImplementedError

    async def ListApiKeys(self, request: rpc.ListApiKeysRequest, context: Context) -> rpc.ListApiKeysResponse:
        raise NotImplementedError

    async def RevokeApiKey(self, request: rpc.RevokeApiKeyRequest, context: Context) -> rpc.RevokeApiKeyResponse:
        raise NotImplementedError
