"""`gazette redirects`: what is wrong with redirects that are stored. The commands work on the database."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

import asyncpg
import click

from server import settings
from server.content.publishing import mending
from server.content.publishing.mending import Finding
from server.process.commands import as_json, written
from server.rpc import failures
from server.stores import postgres, schema

Result = TypeVar("Result")


@click.group()
def redirects() -> None:
    """Where what moved leads, and what leads in a circle."""


@redirects.command("check")
@as_json
def check_redirects(is_json: bool) -> None:
    """List the redirects that do not lead where they should; exit 1 if there are any."""
    found = run(found_all)
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

    left = run(mend)
    for each in left:
        click.echo(line(each))
    sys.exit(1 if left else 0)


async def found_all(connection: asyncpg.Connection) -> list[Finding]:
    return [each async for each in mending.findings(connection)]


def line(finding: Finding) -> str:
    return f"{finding.path} ({finding.locale}): {finding.problem}"


def run(work: Callable[[asyncpg.Connection], Awaitable[Result]]) -> Result:
    """Does the work on a connection that commits what each step of it does."""
    values = settings.load()

    async def connected() -> Result:
        database = postgres.connect(values)
        try:
            async with database.read() as connection:
                await schema.check(connection)
            async with database.direct() as direct:
                return await work(direct)
        finally:
            await database.close()

    try:
        return asyncio.run(connected())
    except (failures.Failure, schema.WrongSchema) as failure:
        raise click.ClickException(str(failure)) from None
