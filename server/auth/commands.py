"""`gazette accounts`: what must be there before anybody can sign in. The commands write to the database."""

from __future__ import annotations

import sys

import click
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.account_pb2 import Account, Role
from server import settings
from server.auth import accounts as making
from server.auth import queries
from server.auth.organisation_commands import organisation_by
from server.auth.passwords import Passwords
from server.commands import as_json, run, show

PREFIX = "ROLE_"
ROLES = [name.removeprefix(PREFIX).lower() for name, number in Role.items() if number]


@click.group()
def accounts() -> None:
    """People and services that sign in."""


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
        place = (await organisation_by(connection, slug)).id if slug else None
        passwords = Passwords()
        try:
            kind = Role.Value(PREFIX + role.upper())
            account = await making.create(connection, passwords, email, name, password, kind, place)
        finally:
            passwords.close()
        return making.shown(account, await queries.grants(connection, account.id))

    account = run(create)
    show(account, f"{account.email} is {role} of {slug or 'all organisations'}: {account.id}", is_json=is_json)


def prompted() -> str:
    if not sys.stdin.isatty():
        raise click.UsageError("Give the password: --password-stdin, GAZETTE_PASSWORD, or a terminal to ask on.")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
