"""How many mails people may have sent to one address: ours is not to be the mail server of who bothers others.

They are counted by PostgreSQL alone, in the transaction that queues the mail, so that what is refused counts for nothing.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from server.auth.guessing import queries
from server.auth.guessing.throttle import Budget

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
INVITATIONS = (Budget("invitations of an hour", 3, HOUR), Budget("invitations of a day", 10, DAY))
"""Invitations to one address, whoever invites, whichever account it is for, and those that somebody asked for again."""
EMAIL_CHANGES = (Budget("new addresses of an hour", 3, HOUR), Budget("new addresses of a day", 10, DAY))
"""Mails to one address because somebody wants it for an account, whether it is taken or free."""


async def count_mail(connection: AsyncConnection, budgets: tuple[Budget, ...], folded_email: str) -> float:
    """Counts a mail to an address, as PostgreSQL compares it. Returns 0 if it may be sent, and otherwise after how many seconds
    one may."""
    for budget in budgets:
        counter = budget.of(folded_email)
        if not await queries.count_attempt(connection, counter.key, budget.most, budget.window):
            seconds, _, _ = await queries.exhausted(connection, counter.key, "")
            return max(seconds, 1.0)
    return 0.0
