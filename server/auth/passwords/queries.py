"""SQL: what must not be in an account's password, and who asked for another one."""

from __future__ import annotations

from collections.abc import Sequence

import uuid6
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.auth.models import Grant, PasswordResetRequest
from server.organisations.models import Organisation
from server.stores.postgres import AnyRow

CHANNEL = "gazette_password_resets"
"""Where PostgreSQL tells that somebody asked, once the transaction has committed."""


async def own_words(connection: AsyncConnection, account: AnyRow) -> Sequence[str]:
    """What everybody knows of the account: its address, its name, and the organisations that it has to do with."""
    statement = select(Organisation.slug, Organisation.name).join(Grant, Grant.organisation_id == Organisation.id)
    places = await connection.execute(statement.where(Grant.account_id == account.id))
    return [account.email, account.name, *(word for place in places for word in place)]


async def add_reset_request(connection: AsyncConnection, email: str, address: str, request_id: str) -> None:
    request = {"id": uuid6.uuid7(), "email": email, "address": address, "request_id": request_id}
    await connection.execute(insert(PasswordResetRequest), request)
    await connection.execute(select(func.pg_notify(CHANNEL, "")))


async def take_reset_request(connection: AsyncConnection) -> AnyRow | None:
    """The oldest that no other process is at. It is gone if the transaction commits."""
    oldest = select(PasswordResetRequest.id).order_by(PasswordResetRequest.id).limit(1).with_for_update(skip_locked=True)
    taken = delete(PasswordResetRequest).where(PasswordResetRequest.id == oldest.scalar_subquery())
    return (await connection.execute(taken.returning(PasswordResetRequest.__table__))).one_or_none()
