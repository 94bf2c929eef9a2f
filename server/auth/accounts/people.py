"""What others ask about accounts by their ids: who they are, and what they may do now."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gazette.auth.v1.account_pb2 import AccountKind
from server.auth.accounts import queries
from server.auth.permissions import held, rights
from server.process.domains import Person
from server.rpc.caller import Caller
from server.stores.postgres import Database


@dataclass(frozen=True)
class People:
    """Asks the database each time: what is done in somebody's name later than they asked for it is rare."""

    database: Database
    totp_required_roles: Collection[str]

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
