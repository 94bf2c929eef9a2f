"""SQL: who may be signing in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text, bindparam, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.auth.accounts import addresses
from server.auth.models import Account, Session
from server.stores.postgres import AnyRow

ASKED = select(func.lower(bindparam("email", type_=Text)).label("folded_email")).subquery()
CAME_FROM_ADDRESS = exists().where(
    Session.account_id == Account.id,
    Session.address == bindparam("address"),
    Session.address != "",
    Session.create_time > bindparam("since"),
    Session.password_generation == Account.password_generation,  # whoever once knew another password is a stranger again
)
CANDIDATE = select(Account.__table__, ASKED.c.folded_email, CAME_FROM_ADDRESS.label("is_known_address")).select_from(
    ASKED.outerjoin(Account.__table__, func.lower(Account.email) == ASKED.c.folded_email)
)


async def candidate(connection: AsyncConnection, email: str, address: str, since: datetime) -> AnyRow:
    """The account with this email, whatever its state, or NULLs; `folded_email` as PostgreSQL compares it, and whether anybody
    has signed in to it from the address since then, with the password that it has now. It is one statement, whether there is an
    account or not."""
    return (await connection.execute(CANDIDATE, {"email": addresses.asked(email), "address": address, "since": since})).one()
