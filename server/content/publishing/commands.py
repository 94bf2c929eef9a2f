"""`gazette redirects`: what is wrong with redirects that are stored. The commands work on the database."""

from __future__ import annotations

import sys
from contextlib import aclosing

import asyncpg
import click

from server.content.publishing import mending
from server.content.publishing.mending import Finding
from server.process.commands import run_directly
from server.process.showing import as_json, written


@click.group()
def redirects() -> None:
    """Where what moved leads, and what leads in a circle."""


@redirects.command("check")
@as_json
def check_redirects(is_json: bool) -> None:
    """List the redirects that do not lead where they should; exit 1 if there are any."""
    found = run_directly(found_all)
    if is_json:
        click.echo(written([{**each._asdict(), "document_id": str(each.document_id)} for each in found]))
    else:
        for each in found:
            click.echo(line(each))
        click.echo("All redirects lead somewhere." if not found else f"{len(found)} redirects do not lead where they should.")
    sys.exit(1 if found else 0)


@redirects.command("mend")
def mend_redirects() -> None:
    """Make what moves left lead to where the documents are, and list what is somebody's to decide; exit 1 if there is any."""

    async def mend(connection: asyncpg.Connection) -> list[Finding]:
        ids = list(dict.fromkeys(each.document_id for each in await found_all(connection) if each.is_mendable))
        async with aclosing(mending.mended(connection, ids)) as mended:  # type: ignore[type-var]
            async for path, count in mended:
                click.echo(f"{count} redirect{'s' if count != 1 else ''} lead{'' if count != 1 else 's'} to {path} now")
        return await found_all(connection)

    left = run_directly(mend)
    for each in left:
        click.echo(line(each))
    sys.exit(1 if left else 0)


async def found_all(connection: asyncpg.Connection) -> list[Finding]:
    return [each async for each in mending.findings(connection)]


def line(finding: Finding) -> str:
    return f"{finding.path} ({finding.locale}): {finding.problem}"
