"""What others ask about accounts by their ids: who they are, and what they may do now."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gazette.access.v1.access_pb2 import Permission
from gazette.auth.v1.account_pb2 import AccountKind
from server.auth.accounts import queries
from server.auth.permissions import ROLE_PERMISSIONS, held, rights
from server.process.domains import Person
from server.rpc.caller import Caller
from server.stores.postgres import Database

MOST = 200
"""Accounts that are looked at for one organisation."""


@dataclass(frozen=True)
class People:
    """Asks the database each time: what is done in somebody's name later than they asked for it is rare."""

    database: Database
    totp_required_roles: Collection[str]

    async def holders(self, organisation_id: uuid.UUID, permission: Permission.ValueType) -> Mapping[uuid.UUID, Person]:
        """Those who hold the permission in the organisation now: of the first MOST accounts with a role that brings it."""
        roles = [role for role, brought in ROLE_PERMISSIONS.items() if permission in brought]
        async with self.database.read() as connection:
            granted = await queries.granted(connection, organisation_id, roles, MOST)
        found = await self.find(granted)
        return {id: person for id, person in found.items() if person.caller.may(permission, organisation_id)}

    async def find(self, account_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Person]:
        """Those of the accounts that may sign in, or call, now."""
        async with self.database.read() as connection:
            accounts = await queries.active_accounts(connection, account_ids)
            grants = await queries.grants_of(connection, [each.id for each in accounts])
        found = {}
        for account in accounts:
            required = self.totp_required_roles if account.kind == AccountKind.ACCOUNT_KIND_PERSON else ()
            found_rights = rights(account, grants.get(account.id, ()), required)
            may = held(found_rights.grants)
            caller = Caller(account_id=account.id, must_enrol=found_rights.must_enrol, **may._asdict())
            found[account.id] = Person(caller, account.name, account.email or "")
        return found
