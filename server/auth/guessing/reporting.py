"""What the audit hears of somebody who has guessed too often."""

from __future__ import annotations

import uuid

from server import audit
from server.auth.guessing.throttle import Exhausted, is_news
from server.stores.postgres import Database


async def report(database: Database, exhausted: Exhausted, account_id: uuid.UUID | None) -> None:
    """Audits, once for each account, address or device and each time, that it has had too many attempts."""
    if not exhausted.is_news:
        return
    async with database.transaction() as connection:
        if await is_news(connection, exhausted):
            budget = exhausted.counter.budget.name
            await audit.add(connection, "account.sign_in_throttled", account_id or "", budget=budget)
