"""What destroys something is asked about first, by whichever command: what is lost is shown, and its name is to be typed."""

from __future__ import annotations

import sys

import click

is_sure = click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")


def confirm(lost: str, name: str) -> None:
    """Returns once somebody has typed the name of what is to be lost. Raises UsageError where there is no terminal."""
    if not sys.stdin.isatty():
        raise click.UsageError("There is nobody to ask: give --yes, or a terminal.")
    click.echo(lost, err=True)
    if click.prompt(f"Type {name} to go on", default="", show_default=False, err=True).strip() != name:
        raise click.ClickException("nothing was changed")
