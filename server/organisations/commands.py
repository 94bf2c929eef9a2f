"""`gazette organisations`: departments and their parts of the site. The commands write to the database."""

from __future__ import annotations

from collections.abc import Sequence

import click
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.organisation_pb2 import Organisation
from gazette.auth.v1.organisation_service_pb2 import (
    CreateOrganisationRequest,
    ReleasePathRequest,
    ReservePathRequest,
    UpdateOrganisationRequest,
)
from server.organisations import changes, paths, queries, rules
from server.organisations.finding import by_slug
from server.organisations.paths import OthersUse
from server.process.commands import LINE, run
from server.process.showing import as_json, show, show_all
from server.rpc.messages import message
from server.rpc.requests import validation

name_option = click.option("--name", required=True, type=LINE, help="Its name, as people write it.")
slug_argument = click.argument("slug")
prefix_argument = click.argument("prefix")


@click.group()
def organisations() -> None:
    """The departments that publish here."""


@organisations.command("create")
@click.option("--slug", required=True, help="Its short name: lower-case letters, digits and hyphens.")
@name_option
@as_json
def create_organisation(slug: str, name: str, is_json: bool) -> None:
    """Make an organisation."""
    wanted = CreateOrganisationRequest(organisation=Organisation(slug=slug, name=name))

    async def create(connection: AsyncConnection) -> Organisation:
        validation.validate(wanted)
        return message(Organisation, await changes.create(connection, slug, name))

    organisation = run(create)
    show(organisation, f"{organisation.slug} is there: {organisation.id}", is_json=is_json)


@organisations.command("update")
@slug_argument
@name_option
@as_json
def update_organisation(slug: str, name: str, is_json: bool) -> None:
    """Give the organisation SLUG another name."""

    async def update(connection: AsyncConnection) -> Organisation:
        row = await by_slug(connection, slug)
        wanted = Organisation(id=str(row.id), name=name)
        validation.validate(UpdateOrganisationRequest(organisation=wanted))
        rules.check(slug, name)
        return message(Organisation, await changes.rename(connection, row.id, name))

    organisation = run(update)
    show(organisation, f"{organisation.slug} is now {organisation.name}", is_json=is_json)


@organisations.command("reserve")
@slug_argument
@prefix_argument
@as_json
@click.pass_obj
def reserve_path(others_use: OthersUse, slug: str, prefix: str, is_json: bool) -> None:
    """Reserve the part of the site under PREFIX (such as guidance/boats) for the organisation SLUG."""

    async def reserve(connection: AsyncConnection) -> Organisation:
        row = await by_slug(connection, slug)
        validation.validate(ReservePathRequest(organisation_id=str(row.id), prefix=prefix))
        await paths.reserve(connection, row.id, prefix, others_use)
        return message(Organisation, await by_slug(connection, slug))

    show_paths(run(reserve), is_json=is_json)


@organisations.command("release")
@slug_argument
@prefix_argument
@as_json
@click.pass_obj
def release_path(others_use: OthersUse, slug: str, prefix: str, is_json: bool) -> None:
    """Give up the part of the site under PREFIX, which is reserved for the organisation SLUG."""

    async def release(connection: AsyncConnection) -> Organisation:
        row = await by_slug(connection, slug)
        validation.validate(ReleasePathRequest(organisation_id=str(row.id), prefix=prefix))
        await paths.release(connection, row.id, prefix, others_use)
        return message(Organisation, await by_slug(connection, slug))

    show_paths(run(release), is_json=is_json)


@organisations.command("list")
@as_json
def list_organisations(is_json: bool) -> None:
    """List the organisations, by slug."""

    async def read(connection: AsyncConnection) -> Sequence[Organisation]:
        return [message(Organisation, row) for row in await queries.organisations_after(connection, "")]

    def line(organisation: Organisation) -> str:
        prefixes = (f"/{prefix}" for prefix in organisation.path_prefixes)
        return "  ".join((organisation.slug, organisation.name, organisation.id, *prefixes))

    show_all(run(read), line, is_json=is_json)


def show_paths(organisation: Organisation, *, is_json: bool) -> None:
    listed = ", ".join(f"/{prefix}" for prefix in organisation.path_prefixes)
    show(organisation, f"{organisation.slug} publishes under {listed or 'every path that is not reserved'}", is_json=is_json)
