"""Roles: GrantRole, RevokeRole."""

from __future__ import annotations

import uuid

from gazette.auth.v1 import account_administration_pb2 as rpc
from gazette.auth.v1.account_pb2 import Role
from server.auth.accounts import finding, rules
from server.auth.administration import changes
from server.auth.administration.service import AccountParts, current
from server.rpc.call import Call


class Granting(AccountParts):
    """Who may do what, and where: a matter of the place that the role holds in, whatever else the account does elsewhere."""

    async def GrantRole(self, request: rpc.GrantRoleRequest, call: Call) -> rpc.GrantRoleResponse:
        caller = call.caller
        place = rules.place(caller, request.organisation_id, rules.WRITE)
        rules.check_gives(caller, request.role, place)
        async with self.database.transaction() as connection:
            holder = await finding.locked(connection, uuid.UUID(request.id))
            rules.check_visible(caller, holder.grants)
            await changes.grant(connection, holder, request.role, place)
            return rpc.GrantRoleResponse(account=await current(connection, holder))

    async def RevokeRole(self, request: rpc.RevokeRoleRequest, call: Call) -> rpc.RevokeRoleResponse:
        caller = call.caller
        place = rules.place(caller, request.organisation_id, rules.WRITE)
        async with self.database.transaction() as connection:
            holder = await finding.locked(connection, uuid.UUID(request.id))
            rules.check_visible(caller, holder.grants)
            if request.role == Role.ROLE_ADMIN:
                rules.check_not_own(caller, holder.account.id)
            ended = await changes.revoke(connection, holder, request.role, place, self.now())
            answer = rpc.RevokeRoleResponse(account=await current(connection, holder))
        self.tokens.revocations.add_all(ended)
        return answer
