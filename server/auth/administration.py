"""Looking after accounts: AccountService, but for roles, services and their keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import grpc

from gazette.auth.v1 import account_administration_pb2 as rpc
from server.auth.tokens import AccessTokens
from server.database import Database
from server.paging import Paging

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True)
class AccountParts:
    """The means of AccountService. Each of its parts is a class of methods on top of these."""

    database: Database
    tokens: AccessTokens
    paging: Paging


class Administration(AccountParts):
    """Who is there, and whether they may sign in."""

    async def InviteAccount(self, request: rpc.InviteAccountRequest, context: Context) -> rpc.InviteAccountResponse:
        raise NotImplementedError

    async def GetAccount(self, request: rpc.GetAccountRequest, context: Context) -> rpc.GetAccountResponse:
        raise NotImplementedError

    async def ListAccounts(self, request: rpc.ListAccountsRequest, context: Context) -> rpc.ListAccountsResponse:
        raise NotImplementedError

    async def UpdateAccount(self, request: rpc.UpdateAccountRequest, context: Context) -> rpc.UpdateAccountResponse:
        raise NotImplementedError

    async def DisableAccount(self, request: rpc.DisableAccountRequest, context: Context) -> rpc.DisableAccountResponse:
        raise NotImplementedError

    async def EnableAccount(self, request: rpc.EnableAccountRequest, context: Context) -> rpc.EnableAccountResponse:
        raise NotImplementedError

    async def EraseAccount(self, request: rpc.EraseAccountRequest, context: Context) -> rpc.EraseAccountResponse:
        raise NotImplementedError

    async def RevokeAccountSessions(
        self, request: rpc.RevokeAccountSessionsRequest, context: Context
    ) -> rpc.RevokeAccountSessionsResponse:
        raise NotImplementedError

    async def DisableAccountTotp(
        self, request: rpc.DisableAccountTotpRequest, context: Context
    ) -> rpc.DisableAccountTotpResponse:
        raise NotImplementedError
