"""Ending an account's sessions for it: what AccountService and the command line share."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from server.auth.accounts.changes import add_event
from server.auth.accounts.finding import Principal
from server.auth.sessions import queries, rules


async def end_sessions(connection: AsyncConnection, principal: Principal, now: datetime) -> list[uuid.UUID]:
    """Returns the sessions that it ended."""
    ended = await queries.revoke_all(connection, principal.account.id, "revoked", now)
    if ended:
        await add_event(connection, "session.revoke", principal, sessions=[str(each) for each in ended])
    return ended


async def end_session(connection: AsyncConnection, principal: Principal, session_id: uuid.UUID, now: datetime) -> None:
    """Raises SessionNotFound for a session that has ended, or is another account's."""
    session = await queries.lock_session(connection, session_id)
    rules.check_goes_on(session, principal.account.id, now)
    await queries.revoke(connection, session_id, "revoked", now)
    await add_event(connection, "session.revoke", principal, sessions=[str(session_id)])
