"""Finding organisations: what OrganisationService, the command line and other domains ask for."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from server.organisations import failures, queries
from server.organisations.queries import Name
from server.stores.postgres import AnyRow


async def existing(connection: AsyncConnection, organisation_id: uuid.UUID) -> AnyRow:
    """The organisation, with its path_prefixes. Raises OrganisationNotFound."""
    row = await queries.organisation(connection, organisation_id)
    if row is None:
        raise failures.OrganisationNotFound
    return row


async def by_slug(connection: AsyncConnection, slug: str) -> AnyRow:
    """The organisation, for a command that named it by its slug. Raises OrganisationNotFound that says where to look."""
    row = await queries.organisation_by_slug(connection, slug)
    if row is None:
        raise failures.OrganisationNotFound(f"There is no organisation {slug!r}; see: gazette organisations list")
    return row


async def existing_names(connection: AsyncConnection, organisation_ids: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, Name]:
    """The slug and the name of each of these organisations that there is, in the order of the ids, each once."""
    wanted = list(dict.fromkeys(organisation_ids))
    found = await queries.names(connection, wanted) if wanted else {}
    return {each: found[each] for each in wanted if each in found}


async def slugs(connection: AsyncConnection) -> Mapping[uuid.UUID, str]:
    """The slug of every organisation, by its id."""
    return {row.id: row.slug for row in await queries.organisations_after(connection, "")}
