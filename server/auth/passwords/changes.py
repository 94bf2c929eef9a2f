"""Setting an account's password: which one will do for it, and ending what somebody else may have got hold of."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from server import mail, organisations
from server.auth.accounts import addresses
from server.auth.accounts import queries as account_queries
from server.auth.links import queries as link_queries
from server.auth.sessions import queries as session_queries
from server.stores.postgres import AnyRow


async def own_words(connection: AsyncConnection, account: AnyRow) -> list[str]:
    """What everybody knows of the account: its address, its name, and the organisations that it has a role in."""
    grants = await account_queries.grants(connection, account.id)
    names = await organisations.existing_names(connection, filter(None, (each.organisation_id for each in grants)))
    return [addresses.readable(account.email), account.name, *(word for name in names.values() for word in name)]


async def set_password(
    connection: AsyncConnection, account: AnyRow, password_hash: str, reason: str, now: datetime
) -> tuple[AnyRow, Sequence[uuid.UUID]]:
    """Sets the locked account's password, and mails that to its owner. Whatever somebody else may have got hold of holds no
    longer: its sessions, links, and what made devices and addresses known. Returns the account, and the sessions' ids."""
    changed = await account_queries.set_password_hash(connection, account.id, password_hash)
    await link_queries.end_all(connection, account.id, now)
    await mail.add(connection, "password-changed", account.email, account_id=account.id, name=account.name)
    return changed, await session_queries.revoke_all(connection, account.id, reason, now)
