"""SQL: who asked for another password."""

from __future__ import annotations

import uuid6
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.auth.models import PasswordResetRequest
from server.stores.postgres import AnyRow

CHANNEL = "gazette_password_resets"
"""Where PostgreSQL announces that somebody asked, once the transaction has committed."""


async def add_reset_request(connection: AsyncConnection, email: str, address: str, request_id: str) -> None:
    request = {"id": uuid6.uuid7(), "email": email, "address": address, "request_id": request_id}
    await connection.execute(insert(PasswordResetRequest), request)
    await connection.execute(select(func.pg_notify(CHANNEL, "")))


async def take_reset_request(connection: AsyncConnection) -> AnyRow | None:
    """The oldest request that no other process is at. It is gone if the transaction commits."""
    oldest = select(PasswordResetRequest.id).order_by(PasswordResetRequest.id).limit(1).with_for_update(skip_locked=True)
    taken = delete(PasswordResetRequest).where(PasswordResetRequest.id == oldest.scalar_subquery())
    return (await connection.execute(taken.returning(PasswordResetRequest.__table__))).one_or_none()
