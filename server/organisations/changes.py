"""Making and renaming organisations: what OrganisationService, the command line and the demo share."""

from __future__ import annotations

import uuid

from sqlalchemy.ext.asyncio import AsyncConnection

from server import audit
from server.organisations import failures, queries, rules
from server.organisations.finding import existing
from server.stores.postgres import AnyRow


async def rename(connection: AsyncConnection, organisation_id: uuid.UUID, name: str) -> AnyRow:
    """Gives the organisation this name, and returns it. Raises OrganisationNotFound."""
    former = await queries.lock_organisation(connection, organisation_id)
    if former is None:
        raise failures.OrganisationNotFound
    if name == former.name:
        return former
    await queries.rename_organisation(connection, organisation_id, name)
    await audit.add(
        connection,
        "organisation.update",
        organisation_id,
        organisation_id=organisation_id,
        before={"name": former.name},
        after={"name": name},
        by=audit.origin(),
    )
    return await existing(connection, organisation_id)


async def create(connection: AsyncConnection, slug: str, name: str) -> AnyRow:
    """Makes an organisation, and returns it. Raises SlugTaken, InvalidArgument."""
    rules.check(slug, name)
    row = await queries.add_organisation(connection, slug, name)
    if row is None:
        raise failures.SlugTaken
    await audit.add(connection, "organisation.create", row.id, organisation_id=row.id, slug=slug, name=name, by=audit.origin())
    return row


async def ensure(connection: AsyncConnection, slug: str, name: str) -> uuid.UUID:
    """Makes the organisation unless there is one with this slug, and returns its id."""
    row = await queries.organisation_by_slug(connection, slug) or await create(connection, slug, name)
    organisation_id: uuid.UUID = row.id
    return organisation_id
