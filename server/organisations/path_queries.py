"""SQL: reserved parts of the site, and the lock between those who reserve and those who use them."""

from __future__ import annotations

import uuid

from sqlalchemy import ARRAY, Text, any_, delete, func, insert, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.organisations.models import PathReservation
from server.organisations.rules import covering

LOCK = 0x7061746873  # "paths"


async def lock_unchanged(connection: AsyncConnection) -> None:
    """Until the transaction ends nobody reserves or releases anything; many hold this lock at once."""
    await connection.execute(select(func.pg_advisory_xact_lock_shared(LOCK)))


async def lock_to_change(connection: AsyncConnection) -> None:
    """Until the transaction ends nobody begins to use a path, and who had begun has ended."""
    await connection.execute(select(func.pg_advisory_xact_lock(LOCK)))


async def reservations(connection: AsyncConnection, path: str, organisation_id: uuid.UUID) -> dict[str, uuid.UUID]:
    """Prefix -> organisation: those that cover the path, those below it, and all of this organisation's."""
    above = path.strip("/")
    statement = select(PathReservation.prefix, PathReservation.organisation_id).where(
        or_(
            PathReservation.prefix == any_(literal(covering(path), ARRAY(Text))),
            PathReservation.prefix.startswith(f"{above}/" if above else "", autoescape=True),
            PathReservation.organisation_id == organisation_id,
        )
    )
    return {row.prefix: row.organisation_id for row in (await connection.execute(statement)).all()}


async def add(connection: AsyncConnection, prefix: str, organisation_id: uuid.UUID) -> None:
    await connection.execute(insert(PathReservation).values(prefix=prefix, organisation_id=organisation_id))


async def remove(connection: AsyncConnection, prefix: str) -> None:
    await connection.execute(delete(PathReservation).where(PathReservation.prefix == prefix))
