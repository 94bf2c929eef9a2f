"""How a session starts."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from server import audit
from server.auth.clock import utc_now
from server.auth.sessions import queries
from server.rpc.call import Call
from server.stores.postgres import AnyRow

MAX_USER_AGENT = 255


@dataclass(frozen=True)
class SessionStart:
    """Starts sessions that hold as long as the settings say."""

    idle: timedelta
    """For how long a session holds that is not refreshed."""
    longest: timedelta
    """For how long a session holds, however often it is refreshed."""
    now: Callable[[], datetime] = utc_now

    async def start(self, connection: AsyncConnection, account_id: uuid.UUID, call: Call) -> AnyRow:
        """Returns the new session of the account whose owner makes the call."""
        session = await queries.add_session(
            connection,
            account_id,
            user_agent=call.said("user-agent", MAX_USER_AGENT),
            address=call.address,
            now=self.now(),
            idle=self.idle,
            longest=self.longest,
        )
        await audit.add(connection, "account.sign_in", account_id, actor_id=account_id, session_id=str(session.id))
        return session
