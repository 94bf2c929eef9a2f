"""Restoring organisations, with the ids, the times and the parts of the site that they have elsewhere; and reading them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.organisation_pb2 import Organisation
from server import audit
from server.organisations import failures, paths, queries, rules
from server.organisations.paths import OthersUse
from server.rpc.failures import InvalidArgument, Violation
from server.rpc.messages import moment
from server.stores.postgres import AnyRow


async def restore(connection: AsyncConnection, wanted: Organisation, others_use: OthersUse) -> bool:
    """Makes the organisation, with its id, unless it is there. False if nothing was to be done.

    Raises InvalidArgument, SlugTaken where another has its slug, PrefixTaken and PathInUse.
    """
    if not wanted.id:
        raise InvalidArgument(Violation("organisation.id", "is required where organisations are restored"))
    rules.check(wanted.slug, wanted.name)
    organisation_id = uuid.UUID(wanted.id)
    standing = await queries.organisation(connection, organisation_id)
    if standing is None:
        create_time = moment(wanted.create_time) if wanted.HasField("create_time") else None
        if await queries.add_organisation(connection, wanted.slug, wanted.name, organisation_id, create_time) is None:
            raise failures.SlugTaken(f"Another organisation has the slug {wanted.slug}.")
        await audit.add(
            connection,
            "organisation.restore",
            organisation_id,
            organisation_id=organisation_id,
            slug=wanted.slug,
            name=wanted.name,
            by=audit.origin(),
        )
    missing = [prefix for prefix in wanted.path_prefixes if standing is None or prefix not in standing.path_prefixes]
    for prefix in missing:
        await paths.reserve(connection, organisation_id, prefix, others_use)
    return standing is None or bool(missing)


async def all_of_them(connection: AsyncConnection) -> Sequence[AnyRow]:
    """Every organisation, with its path_prefixes, by slug."""
    return await queries.organisations_after(connection, "")
