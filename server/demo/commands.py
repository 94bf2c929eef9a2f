"""`gazette demo`: loads the demo content, once."""

from __future__ import annotations

import asyncio

import click

from server import settings
from server.demo import loading
from server.process import telemetry
from server.rpc import failures
from server.settings import InvalidSettings


@click.command()
def demo() -> None:
    """Load the demo's organisation, accounts and documents (development only; a second time does nothing)."""
    values = settings.load()
    if values.is_public:
        raise InvalidSettings(
            f"ENVIRONMENT is {values.environment}, and the demo's password is known to everyone; set development"
        )
    telemetry.configure(values)
    try:
        count = asyncio.run(loading.load(values))
    except failures.Failure as failure:
        raise click.ClickException(str(failure)) from None
    click.echo(f"{count} documents published" if count else "the demo is here already")
