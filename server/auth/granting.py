"""Roles: GrantRole, RevokeRole."""

from __future__ import annotations

from gazette.auth.v1 import account_administration_pb2 as rpc
from server.auth.administration import AccountParts, Context


class Granting(AccountParts):
    """Who may do what, and where."""

    async def GrantRole(self, request: rpc.GrantRoleRequest, context: Context) -> rpc.GrantRoleResponse:
        raise NotImplementedError

    async def RevokeRole(self, request: rpc.RevokeRoleRequest, context: Context) -> rpc.RevokeRoleResponse:
        raise NotImplementedError
