"""`gazette references`: which pages could not follow what they show of others, and having all of them looked at again. The
commands work on the database."""

from __future__ import annotations

import sys

import click

from server.content.refreshing import queries
from server.process.commands import run_directly
from server.process.showing import as_json, written
from server.stores.statements import Row


@click.group()
def references() -> None:
    """What pages show of others, and whether it is what these say."""


@references.command("failed")
@as_json
def list_failed(is_json: bool) -> None:
    """List the pages that could not be rendered again, and why; exit 1 if there are any."""
    found = run_directly(queries.FAILED.all)
    if is_json:
        click.echo(written([{**each._asdict(), "id": str(each.id)} for each in found]))
    else:
        for each in found:
            click.echo(line(each))
        click.echo("All pages show what others say." if not found else f"{len(found)} pages show what was said before.")
    sys.exit(1 if found else 0)


@references.command("refresh")
def refresh_all() -> None:
    """Have every page looked at again, by the servers, behind all else that they do."""
    count = run_directly(queries.EVERY_PAGE.value)
    click.echo(f"{count} pages are looked at.")


def line(failed: Row) -> str:
    return f"{failed.live_path} ({failed.locale}): {failed.failure_reason}: {failed.failure_message}"
