"""Finding, making and renaming organisations: what OrganisationService, the command line and the demo share."""

from __future__ import annotations

import uuid

from sqlalchemy.ext.asyncio import AsyncConnection

from server import audit
from server.organisations import failures, queries, rules
from server.rpc import ambient
from server.stores.postgres import AnyRow


async def existing(connection: AsyncConnection, organisation_id: uuid.UUID, *, lock: bool = False) -> AnyRow:
    """Raises OrganisationNotFound."""
    row = await queries.organisation(connection, organisation_id, lock=lock)
    if row is None:
        raise failures.OrganisationNotFound
    return row


async def rename(connection: AsyncConnection, organisation_id: uuid.UUID, name: str) -> AnyRow:
    """The organisation under its new name. Raises OrganisationNotFound."""
    former = await existing(connection, organisation_id, lock=True)
    if name != former.name:
        await queries.rename_organisation(connection, organisation_id, name)
        await audit.add(
            connection,
            "organisation.update",
            organisation_id,
            organisation_id=organisation_id,
            before={"name": former.name},
            after={"name": name},
            by=ambient.origin(),
        )
    return await existing(connection, organisation_id)


async def create(connection: AsyncConnection, slug: str, name: str) -> AnyRow:
    """A new organisation. Raises SlugTaken, InvalidArgument."""
    rules.check(slug, name)
    row = await queries.add_organisation(connection, slug, name)
    if row is None:
        raise failures.SlugTaken
    await audit.add(
        connection, "organisation.create", row.id, organisation_id=row.id, slug=slug, name=name, by=ambient.origin()
    )
    return row


async def ensure(connection: AsyncConnection, slug: str, name: str) -> uuid.UUID:
    """The id of the organisation with this slug, which is made if there is none."""
    row = await queries.organisation_by_slug(connection, slug) or await create(connection, slug, name)
    organisation_id: uuid.UUID = row.id
    return organisation_id
