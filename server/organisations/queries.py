"""SQL: organisations."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import uuid6
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.organisations.models import Organisation, PathReservation
from server.stores.postgres import AnyRow

PREFIXES = select(PathReservation.prefix).where(PathReservation.organisation_id == Organisation.id)
ORGANISATIONS = select(
    Organisation.__table__,
    func.array(PREFIXES.order_by(PathReservation.prefix.collate("C")).scalar_subquery()).label("path_prefixes"),
)


async def organisation(connection: AsyncConnection, organisation_id: uuid.UUID, *, lock: bool = False) -> AnyRow | None:
    """With its path_prefixes, as all organisations that are read here."""
    statement = ORGANISATIONS.where(Organisation.id == organisation_id)
    statement = statement.with_for_update(key_share=True, of=Organisation) if lock else statement
    return (await connection.execute(statement)).one_or_none()


async def organisation_by_slug(connection: AsyncConnection, slug: str) -> AnyRow | None:
    return (await connection.execute(ORGANISATIONS.where(Organisation.slug == slug))).one_or_none()


async def organisations_after(connection: AsyncConnection, slug: str, limit: int | None = None) -> Sequence[AnyRow]:
    """By slug."""
    statement = ORGANISATIONS.where(Organisation.slug > slug)
    return (await connection.execute(statement.order_by(Organisation.slug).limit(limit))).all()


async def rename_organisation(connection: AsyncConnection, organisation_id: uuid.UUID, name: str) -> None:
    await connection.execute(update(Organisation).where(Organisation.id == organisation_id).values(name=name))


async def add_organisation(connection: AsyncConnection, slug: str, name: str) -> AnyRow | None:
    """The new organisation, or None if the slug is taken."""
    statement = upsert(Organisation).values(id=uuid6.uuid7(), slug=slug, name=name).on_conflict_do_nothing()
    made: AnyRow | None = (await connection.execute(statement.returning(Organisation.__table__))).one_or_none()
    return made
