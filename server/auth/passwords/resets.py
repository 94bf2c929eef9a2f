"""The job that sends links to those who asked for another password.

RequestPasswordReset itself only queues what it was asked, whatever the address, so that neither its answer nor the time that it
takes says whether there is an account. What is to be done is found out here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.account_pb2 import AccountState
from server import audit
from server.auth.accounts import queries as account_queries
from server.auth.clock import utc_now
from server.auth.guessing.mailing import INVITATIONS, count_mail
from server.auth.links import queries as link_queries
from server.auth.links.mailed import Links
from server.auth.links.purposes import INVITATION, PASSWORD_RESET
from server.auth.passwords import queries
from server.background.jobs import Job
from server.stores.postgres import AnyRow, Database

log = structlog.get_logger(__name__)

SECONDS = 10.0
"""The time between two looks; a new request is announced."""
MOST, WINDOW = 3, timedelta(hours=1)
"""How many mails an account may be sent: whoever asks need not be its owner."""
PURPOSES: Mapping[int, str] = {
    AccountState.ACCOUNT_STATE_ACTIVE: PASSWORD_RESET,
    AccountState.ACCOUNT_STATE_INVITED: INVITATION,  # has no password to forget, but may have lost the mail
}


@dataclass(frozen=True)
class PasswordResets:
    """Sends links to those who have an account, and nothing to all others."""

    database: Database
    links: Links
    now: Callable[[], datetime] = utc_now

    def job(self) -> Job:
        return Job("password resets", self.send_all, seconds=SECONDS, channel=queries.CHANNEL)

    async def send_all(self) -> None:
        while await self.send_next():
            pass

    async def send_next(self) -> bool:
        """Takes the oldest request; returns whether there was one. A request that fails is dropped, and the next one's turn
        comes."""
        async with self.database.transaction() as connection:
            request = await queries.take_reset_request(connection)
            if request is None:
                return False
            try:
                async with connection.begin_nested():
                    await self.send(connection, request)
            except exc.DBAPIError:
                raise
            except Exception:
                log.exception("password reset failed", asked_by=request.request_id)
        return True

    async def send(self, connection: AsyncConnection, request: AnyRow) -> None:
        account = await account_queries.lock_by_email(connection, request.email)
        purpose = PURPOSES.get(account.state) if account else None
        if account is None or purpose is None:
            return
        if await link_queries.sent_since(connection, account.id, purpose, self.now() - WINDOW) >= MOST:
            return
        if purpose == INVITATION:
            folded_email = await account_queries.folded_email(connection, account.id)
            if await count_mail(connection, INVITATIONS, folded_email):
                return
        await self.links.send(connection, account, purpose, account.email)  # not where the request says: nobody else's mailbox
        await audit.add(
            connection,
            "account.password_reset_request",
            account.id,
            personal={"address": request.address},
            mail=purpose,
            asked_by=request.request_id,
        )
