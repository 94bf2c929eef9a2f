"""Options of the commands that give roles or take them: which role, and where. And what commands call an account."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import click
from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.auth.v1.account_pb2 import Role
from server import organisations
from server.process.commands import LANGUAGE

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


LIMITED = {"author", "editor", "publisher"}
"""Roles that may be held for some languages alone."""


def in_locales(command: Callable[..., None]) -> Callable[..., None]:
    """Gives the command `locales`: the languages that the role is about, none for all."""

    @click.option("--locale", "locales", multiple=True, type=LANGUAGE, help="For this language and its forms alone.")
    @wraps(command)
    def given(*, role: str, locales: tuple[str, ...], **arguments: Any) -> None:
        if locales and role not in LIMITED:
            raise click.UsageError("Only authors, editors and publishers are so for single languages.")
        command(role=role, locales=locales, **arguments)

    return given


def for_languages(locales: Iterable[str]) -> str:
    """What is said of a role's languages after its place; nothing of one that is held for all."""
    named = ", ".join(locales)
    return f" for {named}" if named else ""


async def organisation_named(connection: AsyncConnection, slug: str | None) -> uuid.UUID | None:
    """The id of the organisation that a role holds in; None, without a slug, for all of them. Raises OrganisationNotFound."""
    return (await organisations.by_slug(connection, slug)).id if slug else None


def number(role: str) -> Role.ValueType:
    return Role.Value(PREFIX + role.upper())


def name(role: Role.ValueType) -> str:
    return Role.Name(role).removeprefix(PREFIX).lower()


def called(account: Any) -> str:
    """An account, or its row, by address and name, as far as it has them: a service has no address, who is erased neither."""
    both = account.email and account.name
    return f"{account.email} ({account.name})" if both else account.email or account.name or str(account.id)
