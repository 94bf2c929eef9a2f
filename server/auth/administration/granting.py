"""Roles: GrantRole, RevokeRole."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gazette.auth.v1 import account_administration_pb2 as rpc
from gazette.auth.v1.account_pb2 import Role
from server.auth.accounts import finding, rules
from server.auth.administration import changes
from server.auth.administration.service import current
from server.auth.clock import utc_now
from server.auth.sessions.revocations import Revocations
from server.rpc.call import Call
from server.stores.postgres import Database


@dataclass(frozen=True)
class Granting:
    """Who may do what, and where: a matter of the organisation that the role holds in, whatever else the account does
    elsewhere."""

    database: Database
    revocations: Revocations
    now: Callable[[], datetime] = utc_now

    async def GrantRole(self, request: rpc.GrantRoleRequest, call: Call) -> rpc.GrantRoleResponse:
        caller = call.caller
        organisation_id = rules.organisation_for(caller, request.organisation_id, rules.WRITE)
        rules.check_gives(caller, request.role, organisation_id, request.locales)
        async with self.database.transaction() as connection:
            principal = await finding.locked(connection, uuid.UUID(request.id))
            rules.check_visible(caller, principal.grants)
            await changes.grant(connection, principal, request.role, organisation_id, request.locales)
            return rpc.GrantRoleResponse(account=await current(connection, caller, principal))

    async def RevokeRole(self, request: rpc.RevokeRoleRequest, call: Call) -> rpc.RevokeRoleResponse:
        caller = call.caller
        organisation_id = rules.organisation_for(caller, request.organisation_id, rules.WRITE)
        async with self.database.transaction() as connection:
            principal = await finding.locked(connection, uuid.UUID(request.id))
            rules.check_visible(caller, principal.grants)
            if request.role == Role.ROLE_ADMIN:
                rules.check_not_own(caller, principal.account.id)
            ended = await changes.revoke(connection, principal, request.role, organisation_id, self.now(), request.locales)
            response = rpc.RevokeRoleResponse(account=await current(connection, caller, principal))
        self.revocations.add_all(ended)
        return response
