"""SQL: organisations, the reserved parts of the site, and the lock between those who reserve a part and those who use it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import uuid6
from sqlalchemy import ARRAY, Text, any_, bindparam, delete, func, insert, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.organisations.models import Organisation, PathReservation
from server.organisations.rules import covering
from server.stores.postgres import AnyRow

RESERVATIONS_LOCK = 0x7061746873  # "paths"

PREFIXES = select(PathReservation.prefix).where(PathReservation.organisation_id == Organisation.id)
ORGANISATIONS = select(
    Organisation.__table__,
    func.array(PREFIXES.order_by(PathReservation.prefix.collate("C")).scalar_subquery()).label("path_prefixes"),
)
"""Every organisation that is read as a whole comes with its path_prefixes."""
ORGANISATION = ORGANISATIONS.where(Organisation.id == bindparam("organisation_id"))
LOCKED_ORGANISATION = ORGANISATION.with_for_update(key_share=True, of=Organisation)
ORGANISATION_BY_SLUG = ORGANISATIONS.where(Organisation.slug == bindparam("slug"))
SHARED_LOCK = select(func.pg_advisory_xact_lock_shared(RESERVATIONS_LOCK))
EXCLUSIVE_LOCK = select(func.pg_advisory_xact_lock(RESERVATIONS_LOCK))


class Name(NamedTuple):
    """What an organisation is called."""

    slug: str
    name: str


async def organisation(connection: AsyncConnection, organisation_id: uuid.UUID) -> AnyRow | None:
    return (await connection.execute(ORGANISATION, {"organisation_id": organisation_id})).one_or_none()


async def lock_organisation(connection: AsyncConnection, organisation_id: uuid.UUID) -> AnyRow | None:
    """The organisation, which stays as it is until the transaction ends."""
    return (await connection.execute(LOCKED_ORGANISATION, {"organisation_id": organisation_id})).one_or_none()


async def organisation_by_slug(connection: AsyncConnection, slug: str) -> AnyRow | None:
    return (await connection.execute(ORGANISATION_BY_SLUG, {"slug": slug})).one_or_none()


async def organisations_after(connection: AsyncConnection, slug: str, limit: int | None = None) -> Sequence[AnyRow]:
    """The organisations whose slugs come after this one, in the order of their slugs."""
    statement = ORGANISATIONS.where(Organisation.slug > slug)
    return (await connection.execute(statement.order_by(Organisation.slug).limit(limit))).all()


async def names(connection: AsyncConnection, organisation_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Name]:
    statement = select(Organisation.id, Organisation.slug, Organisation.name).where(Organisation.id.in_(organisation_ids))
    return {row.id: Name(row.slug, row.name) for row in await connection.execute(statement)}


async def rename_organisation(connection: AsyncConnection, organisation_id: uuid.UUID, name: str) -> None:
    await connection.execute(update(Organisation).where(Organisation.id == organisation_id).values(name=name))


async def add_organisation(connection: AsyncConnection, slug: str, name: str) -> AnyRow | None:
    """Returns the new organisation, or None if the slug is taken."""
    statement = upsert(Organisation).values(id=uuid6.uuid7(), slug=slug, name=name).on_conflict_do_nothing()
    made: AnyRow | None = (await connection.execute(statement.returning(Organisation.__table__))).one_or_none()
    return made


async def keep_reservations(connection: AsyncConnection) -> None:
    """Until the transaction ends nobody reserves or releases anything; many hold this lock at once."""
    await connection.execute(SHARED_LOCK)


async def lock_reservations(connection: AsyncConnection) -> None:
    """Until the transaction ends nobody begins to use a path, and who had begun has ended."""
    await connection.execute(EXCLUSIVE_LOCK)


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


async def add_reservation(connection: AsyncConnection, prefix: str, organisation_id: uuid.UUID) -> None:
    await connection.execute(insert(PathReservation).values(prefix=prefix, organisation_id=organisation_id))


async def remove_reservation(connection: AsyncConnection, prefix: str) -> None:
    await connection.execute(delete(PathReservation).where(PathReservation.prefix == prefix))
