"""Services and their keys, as an admin makes them in tests, and what a key is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import grpc

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1 import service_account_pb2 as rpc
from gazette.auth.v1.account_pb2 import Account as AccountMessage
from gazette.auth.v1.account_pb2 import Role
from gazette.auth.v1.account_service_pb2_grpc import AccountServiceStub
from gazette.content.v1.content_service_pb2 import ListDocumentsRequest
from gazette.content.v1.content_service_pb2_grpc import ContentServiceStub
from tests.service import Person, Service

READ = Permission.PERMISSION_DOCUMENTS_READ
WRITE = Permission.PERMISSION_DOCUMENTS_WRITE


def bearer(key: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {key}"),)


class Desk:
    """An admin who makes service accounts and their keys."""

    def __init__(self, service: Service, admin: Person) -> None:
        self.service = service
        self.admin = admin
        self.accounts = AccountServiceStub(service.channel)

    async def service_account(self, name: str = "crawler", role: Role.ValueType = Role.ROLE_AUTHOR, place: str = "") -> str:
        """Its id."""
        request = rpc.CreateServiceAccountRequest(account=AccountMessage(name=name), role=role, organisation_id=place)
        return (await self.accounts.CreateServiceAccount(request, metadata=self.admin.metadata)).account.id

    async def key(
        self, account_id: str, scopes: Sequence[Permission.ValueType] = (READ,), **given: Any
    ) -> rpc.CreateApiKeyResponse:
        request = rpc.CreateApiKeyRequest(account_id=account_id, name="a key", scopes=scopes, **given)
        return await self.accounts.CreateApiKey(request, metadata=self.admin.metadata)

    async def keys(self, account_id: str, **page: Any) -> rpc.ListApiKeysResponse:
        request = rpc.ListApiKeysRequest(account_id=account_id, **page)
        return await self.accounts.ListApiKeys(request, metadata=self.admin.metadata)

    async def revoke(self, account_id: str, key_id: str) -> rpc.RevokeApiKeyResponse:
        request = rpc.RevokeApiKeyRequest(account_id=account_id, id=key_id)
        return await self.accounts.RevokeApiKey(request, metadata=self.admin.metadata)


async def code_of(channel: grpc.aio.Channel, key: str) -> grpc.StatusCode:
    """What listing documents is answered."""
    call = ContentServiceStub(channel).ListDocuments(ListDocumentsRequest(), metadata=bearer(key))
    return await call.code()


async def lets_in(channel: grpc.aio.Channel, key: str) -> bool:
    return await code_of(channel, key) is grpc.StatusCode.OK


async def is_refused_within(channel: grpc.aio.Channel, key: str, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            while await lets_in(channel, key):
                await asyncio.sleep(0.02)
    except TimeoutError:
        return False
    return True
