"""Options of the commands that give roles or take them: which role, and where."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.account_pb2 import Role
from server import organisations

PREFIX = "ROLE_"

role_option = click.option(
    "--role",
    "role",
    required=True,
    type=click.Choice([name.removeprefix(PREFIX).lower() for name, number in Role.items() if number]),
    help="What it may do.",
)


def somewhere(command: Callable[..., None]) -> Callable[..., None]:
    """Gives the command a `slug`: of the organisation that a role holds in, or None for all of them."""

    @click.option("--organisation", "slug", help="Where: the organisation's slug.")
    @click.option("--all-organisations", "is_everywhere", is_flag=True, help="Where: in all organisations.")
    @wraps(command)
    def given(*, slug: str | None, is_everywhere: bool, **arguments: Any) -> None:
        if bool(slug) == is_everywhere:
            raise click.UsageError("Say where the role holds: --organisation SLUG or --all-organisations.")
        command(slug=slug, **arguments)

    return given


async def organisation_named(connection: AsyncConnection, slug: str | None) -> uuid.UUID | None:
    """The id of the organisation that a role holds in; None, without a slug, for all of them. Raises OrganisationNotFound."""
    return (await organisations.by_slug(connection, slug)).id if slug else None


def number(role: str) -> Role.ValueType:
    return Role.Value(PREFIX + role.upper())


def name(role: Role.ValueType) -> str:
    return Role.Name(role).removeprefix(PREFIX).lower()
