"""SQL: organisations, and the reserved parts of the site."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import uuid6
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Text,
    any_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.organisations.models import Organisation, PathGeneration, PathReservation
from server.organisations.rules import covering
from server.stores.parameters import is_one_of
from server.stores.postgres import AnyRow
from server.stores.statements import Statement

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
EXCLUSIVE_LOCK = select(func.pg_advisory_xact_lock(RESERVATIONS_LOCK))

CHANNEL = "gazette_paths"
"""NOTIFY says here that reservations have changed."""
GENERATION = update(PathGeneration).values(number=PathGeneration.number + 1).returning(PathGeneration.number).cte("generation")
NEW_GENERATION = select(func.pg_notify(CHANNEL, cast(GENERATION.c.number, Text)))
RESERVED = Statement(
    select(PathGeneration.number, PathReservation.prefix, PathReservation.organisation_id).join_from(
        PathGeneration, PathReservation, true(), isouter=True
    )
)
"""All reservations and their generation, which every row has; the only row has no prefix if there are none."""
GIVEN = bindparam("path_generation", type_=BigInteger())
ARE_UNCHANGED = exists().where(PathGeneration.number == func.coalesce(GIVEN, PathGeneration.number))
"""Whether the reservations are those of the `path_generation` that a statement is given; for None they always are.

A statement that puts something at a path has this condition, and it writes to `documents`. So it waits while somebody who
reserves a path looks for what is there (content's `others_use` locks the table), and then sees the new generation: PostgreSQL
locks a statement's tables before it takes the snapshot that the statement reads."""


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
    statement = select(Organisation.id, Organisation.slug, Organisation.name).where(
        is_one_of(Organisation.id, organisation_ids)
    )
    return {row.id: Name(row.slug, row.name) for row in await connection.execute(statement)}


async def rename_organisation(connection: AsyncConnection, organisation_id: uuid.UUID, name: str) -> None:
    await connection.execute(update(Organisation).where(Organisation.id == organisation_id).values(name=name))


async def add_organisation(
    connection: AsyncConnection, slug: str, name: str, id: uuid.UUID | None = None, create_time: datetime | None = None
) -> AnyRow | None:
    """Returns the new organisation, or None if the slug is taken."""
    told = {} if create_time is None else {"create_time": create_time}
    statement = upsert(Organisation).values(id=id or uuid6.uuid7(), slug=slug, name=name, **told).on_conflict_do_nothing()
    made: AnyRow | None = (await connection.execute(statement.returning(Organisation.__table__))).one_or_none()
    return made


async def lock_reservations(connection: AsyncConnection) -> None:
    """Until the transaction ends nobody else reserves or releases anything."""
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
    await connection.execute(NEW_GENERATION)


async def remove_reservation(connection: AsyncConnection, prefix: str) -> None:
    await connection.execute(delete(PathReservation).where(PathReservation.prefix == prefix))
    await connection.execute(NEW_GENERATION)
