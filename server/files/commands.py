"""`gazette files`: what is stored. These commands work on the database and the object storage themselves."""

from __future__ import annotations

import sys

import click
from google.protobuf.json_format import MessageToDict

from server import settings
from server.background.processes import Processes
from server.files.examining.examination import Examination
from server.files.sweeping.commands import sweep
from server.files.verification import Verdict, verdicts
from server.formats import parsing
from server.process.commands import refused_in_a_line
from server.process.showing import as_json, written
from server.stores import blobs, postgres, schema


@click.group()
def files() -> None:
    """Uploaded files."""


files.add_command(sweep)


@files.command("verify")
@as_json
def verify(is_json: bool) -> None:
    """Parse every stored file anew, and list those that are not what they say. The exit code is 1 if there are any. Nothing is
    changed: take such a file from its pages, and it is not served any more."""
    looked_at = refused_in_a_line(look(settings.load()))
    flawed = [each for each in looked_at if each.flaw]
    if is_json:
        click.echo(written([{"file": MessageToDict(each.file), "flaw": each.flaw} for each in flawed]))
    else:
        for each in flawed:
            who = "public" if each.file.is_public else "not public"
            click.echo(f"{each.file.id}  {each.file.organisation_id}  {who}  {each.file.name}  {each.flaw}")
        click.echo(f"{len(looked_at)} files, {len(flawed)} not what they say")
    sys.exit(1 if flawed else 0)


async def look(values: settings.Settings) -> list[Verdict]:
    database, storage = postgres.connect(values), blobs.open_storage(values)
    parsers = Processes(memory=parsing.MEMORY, imports=parsing.PARSERS)
    try:
        async with database.read() as connection:
            await schema.check(connection)
        return [each async for each in verdicts(database, Examination(storage, parsers, None, frozenset()))]
    finally:
        await parsers.close()
        await storage.close()
        await database.close()
