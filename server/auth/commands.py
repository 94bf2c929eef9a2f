"""`gazette accounts` and `gazette organisations`: what must be there before anybody can sign in. They write to the database."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Sequence

import click
from google.protobuf.json_format import MessageToDict
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.account_pb2 import Account, Role
from gazette.auth.v1.organisation_pb2 import Organisation
from gazette.auth.v1.organisation_service_pb2 import CreateOrganisationRequest
from server import settings, validation
from server.auth import accounts as making
from server.auth import organisations as departments
from server.auth import queries, rules
from server.auth.passwords import Passwords
from server.commands import as_json, run, show
from server.messages import message

PREFIX = "ROLE_"
ROLES = [name.removeprefix(PREFIX).lower() for name, number in Role.items() if number]


@click.group()
def accounts() -> None:
    """People and services that sign in."""


@click.group()
def organisations() -> None:
    """The departments that publish here."""


@accounts.command("create")
@click.option("--email", required=True, help="The address it signs in with.")
@click.option("--name", required=True, help="How it is called in reviews and histories.")
@click.option("--role", required=True, type=click.Choice(ROLES), help="What it may do.")
@click.option("--organisation", "slug", help="Where: the organisation's slug.")
@click.option("--all-organisations", "is_everywhere", is_flag=True, help="Where: in all organisations.")
@click.option("--password-stdin", "is_piped", is_flag=True, help="Read the password from the first line of standard input.")
@as_json
def create_account(
    email: str, name: str, role: str, slug: str | None, is_everywhere: bool, is_piped: bool, is_json: bool
) -> None:
    """Make an account with one role. The password comes from standard input, from GAZETTE_PASSWORD or from a prompt."""
    if bool(slug) == is_everywhere:
        raise click.UsageError("Say where the role holds: --organisation SLUG or --all-organisations.")
    password = sys.stdin.readline().rstrip("\r\n") if is_piped else settings.command_password() or prompted()

    async def create(connection: AsyncConnection) -> Account:
        place = await organisation_id(connection, slug) if slug else None
        passwords = Passwords()
        try:
            kind = Role.Value(PREFIX + role.upper())
            account = await making.create(connection, passwords, email, name, password, kind, place)
        finally:
            passwords.close()
        return making.shown(account, await queries.grants(connection, account.id))

    account = run(create)
    show(account, f"{account.email} is {role} of {slug or 'all organisations'}: {account.id}", is_json=is_json)


@organisations.command("create")
@click.option("--slug", required=True, help="Its short name: lower-case letters, digits and hyphens.")
@click.option("--name", required=True, help="Its name, as people write it.")
@as_json
def create_organisation(slug: str, name: str, is_json: bool) -> None:
    """Make an organisation."""
    wanted = CreateOrganisationRequest(organisation=Organisation(slug=slug, name=name))

    async def create(connection: AsyncConnection) -> Organisation:
        validation.validate(wanted)
        return message(Organisation, await departments.create(connection, slug, name, by="cli"))

    organisation = run(create)
    show(organisation, f"{organisation.slug} is there: {organisation.id}", is_json=is_json)


@organisations.command("list")
@as_json
def list_organisations(is_json: bool) -> None:
    """List the organisations, by slug."""

    async def read(connection: AsyncConnection) -> Sequence[Organisation]:
        return [message(Organisation, row) for row in await queries.organisations_after(connection, "")]

    found = run(read)
    if is_json:
        click.echo(json.dumps([MessageToDict(each) for each in found], indent=2, ensure_ascii=False))
        return
    for each in found:
        click.echo(f"{each.slug}  {each.name}  {each.id}")


def prompted() -> str:
    if not sys.stdin.isatty():
        raise click.UsageError("Give the password: --password-stdin, GAZETTE_PASSWORD, or a terminal to ask on.")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


async def organisation_id(connection: AsyncConnection, slug: str) -> uuid.UUID:
    row = await queries.organisation_by_slug(connection, slug)
    if row is None:
        raise rules.OrganisationNotFound(f"There is no organisation {slug!r}; see: gazette organisations list")
    found: uuid.UUID = row.id
    return found
