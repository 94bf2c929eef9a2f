"""Who calls, which server, for which organisation: what commands that call the service ask for, and its defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import click
import grpc

from gazette_client import Client, GazetteError
from gazette_client.messages import GetMeRequest, Organisation
from server import settings

Command = Callable[..., None]

DEMO = ("admin@example.gov", "gazette-demo-only")
"""Who signs in where nobody is named, on a developer's own machine."""
PAGE_SIZE = 200
"""Organisations in each part of their list."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


class Trouble(click.ClickException):
    """The command cannot do its work at all."""

    exit_code = 2


class Connection(NamedTuple):
    """As the options say it."""

    target: str | None
    email: str | None
    password: str | None
    tls: bool
    ca_file: Path | None
    environment: str
    api_key: str | None = None
    organisation: str | None = None


OPTIONS: list[Callable[[Command], Command]] = [
    click.option("--target", metavar="HOST:PORT", help="The server's gRPC address.  [default: of the one that runs here]"),
    click.option("--email", envvar="GAZETTE_EMAIL", show_envvar=True, help="The account to sign in with."),
    click.option(
        "--password",
        envvar="GAZETTE_PASSWORD",
        show_envvar=True,
        help="Its password; other users of the machine see an option.",
    ),
    click.option(
        "--api-key", envvar="GAZETTE_API_KEY", show_envvar=True, help="A service's key, instead of an account and its password."
    ),
    click.option("--tls", is_flag=True, help="Encrypt the connection, and check who the server is."),
    click.option(
        "--ca-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="The authority that is trusted for that.",
    ),
    click.option("--environment", envvar="ENVIRONMENT", default="development", hidden=True),
]

ORGANISATION = click.option(
    "--organisation", metavar="SLUG", help="Whose documents.  [default: the only one there is for the account]"
)


def connection_options(command: Command) -> Command:
    """Adds the options, which together are a Connection."""
    return caller_options(ORGANISATION(command))


def caller_options(command: Command) -> Command:
    """The same without an organisation, for what names documents by their ids."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@contextmanager
def connected(connection: Connection, *, for_all: bool = False) -> Iterator[tuple[Client, Organisation | None]]:
    """A client that is signed in, and the organisation; none where all are meant. What goes wrong with the server becomes
    Trouble."""
    target = connection.target or target_here()
    email, password = ("", "") if connection.api_key else credentials(connection, target)
    key = connection.api_key or ""
    encryption = channel_credentials(connection)
    try:
        made = Client(target, email=email, password=password, api_key=key, credentials=encryption)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--target") from None
    try:
        with made as client:
            yield client, None if for_all else organisation(client, connection.organisation)
            if not connection.api_key:
                with suppress(GazetteError):  # the session ends by itself
                    client.sign_out()
    except GazetteError as error:
        said = str(error)
        raise Trouble(said if target in said else f"{target}: {said}") from None


def target_here() -> str:
    try:
        return settings.local_grpc_address()
    except settings.NobodyKnown as error:
        raise click.UsageError(str(error)) from None


def credentials(connection: Connection, target: str) -> tuple[str, str]:
    if connection.email and connection.password:
        return connection.email, connection.password
    if connection.email:
        return connection.email, click.prompt("Password", hide_input=True, err=True)
    environment = connection.environment
    if target.rpartition(":")[0] in LOOPBACK and settings.in_full(environment) == "development":
        return DEMO
    raise click.UsageError("Say who you are: --email and --password, or GAZETTE_EMAIL and GAZETTE_PASSWORD.")


def channel_credentials(connection: Connection) -> grpc.ChannelCredentials | None:
    if not connection.tls and connection.ca_file is None:
        return None
    return grpc.ssl_channel_credentials(connection.ca_file.read_bytes() if connection.ca_file else None)


def organisation(client: Client, slug: str | None) -> Organisation:
    """The one of that slug; without one, the only one that the account's grants name, or else the only one there is."""
    known = {each.slug: each for each in client.organisations(page_size=PAGE_SIZE)}
    if slug is not None:
        if slug not in known:
            raise Trouble(f"there is no organisation {slug!r}; there are: {', '.join(known) or 'none'}")
        return known[slug]
    grants = {grant.organisation_id for grant in client.auth.GetMe(GetMeRequest()).account.grants}
    named = [each for each in known.values() if each.id in grants] or [*known.values()]
    if len(named) != 1:
        raise Trouble(f"say whose documents with --organisation; there are: {', '.join(known) or 'none'}")
    return named[0]
