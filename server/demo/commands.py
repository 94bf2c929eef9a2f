"""`gazette demo`: loads the demo content, once."""

from __future__ import annotations

import click

from server import settings
from server.demo import loading
from server.process import telemetry
from server.process.commands import refused_in_a_line
from server.settings import InvalidSettings


@click.command()
@click.option("--admin-only", is_flag=True, help="Make the admin alone: what is restored from an export brings the rest.")
def demo(admin_only: bool) -> None:
    """Load the demo's organisation, accounts and documents (development only; a second time does nothing)."""
    values = settings.load()
    if values.is_public:
        raise InvalidSettings(
            f"ENVIRONMENT is {values.environment}, and the demo's password is known to everyone; set development"
        )
    telemetry.configure(values)
    if admin_only:
        refused_in_a_line(loading.load_admin(values))
        return
    count = refused_in_a_line(loading.load(values))
    click.echo(f"{count} documents published" if count else "the demo is here already")
