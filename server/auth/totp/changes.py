"""What an account's owner hears of its authenticator app."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from server import mail
from server.stores.postgres import AnyRow


async def notify_owner(connection: AsyncConnection, account: AnyRow, *, is_enabled: bool) -> None:
    """Mails the person that their account has an app, or none any more: they may not be the one who did it."""
    await mail.add(connection, "totp-changed", account.email, account_id=account.id, name=account.name, is_enabled=is_enabled)
