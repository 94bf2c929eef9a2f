"""What people do to their own accounts as others do to theirs, and how a change of an account as a whole is audited."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from server import audit
from server.auth.accounts import queries, rules
from server.auth.accounts.finding import Principal


async def rename(connection: AsyncConnection, principal: Principal, name: str) -> None:
    """Raises InvalidArgument, AccountErased."""
    account = principal.account
    rules.check_not_erased(account)
    rules.check_name(name, "account.name")
    if name != account.name:
        await queries.change(connection, account.id, name=name)
        await add_event(connection, "account.update", principal, personal={"before": account.name, "after": name})


async def add_event(connection: AsyncConnection, action: str, principal: Principal, **about: Any) -> None:
    """Audits a change of the account as a whole: for the organisation, where one alone has to do with it."""
    organisation_id = rules.only_organisation(principal.grants)
    await audit.add(connection, action, principal.account.id, organisation_id=organisation_id, by=audit.origin(), **about)
