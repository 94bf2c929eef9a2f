"""SQL: who may be signing in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.auth.models import Account, Session
from server.stores.postgres import AnyRow


async def candidate(connection: AsyncConnection, email: str, address: str, since: datetime) -> AnyRow:
    """The account with this email, whatever its state, or NULLs; `folded_email` as PostgreSQL compares it, and whether anybody
    has signed in to it from the address since then. One statement, whether there is an account or not."""
    asked = select(func.lower(email).label("folded_email")).subquery()
    came_from = exists().where(
        Session.account_id == Account.id, Session.address == address, Session.address != "", Session.create_time > since
    )
    statement = select(Account.__table__, asked.c.folded_email, came_from.label("is_known_address"))
    joined = asked.outerjoin(Account.__table__, func.lower(Account.email) == asked.c.folded_email)
    return (await connection.execute(statement.select_from(joined))).one()
