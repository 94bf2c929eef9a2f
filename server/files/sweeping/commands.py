"""`gazette files sweep`: what the job does once a day, now; or what it would do."""

from __future__ import annotations

import sys

import click

from server import settings
from server.files.sweeping import queries
from server.files.sweeping.reports import Report, lines
from server.files.sweeping.sweep import Sweep
from server.process.commands import refused_in_a_line
from server.process.showing import as_json, written
from server.stores import blobs, postgres, schema


@click.command("sweep")
@click.option("--dry-run", is_flag=True, help="Tell what would be done, and do nothing.")
@click.option("--force", is_flag=True, help="Remove orphans however many of the blobs they are.")
@as_json
def sweep(dry_run: bool, force: bool, is_json: bool) -> None:
    """Hold the object storage against the database.

    What nothing refers to and is older than a day is removed, and what organisations use is counted anew. Files whose bytes are
    lost are listed. The exit code is 1 if there are any, or if there are so many orphans that they were left.
    """
    report = refused_in_a_line(swept(settings.load(), removes=not dry_run, is_forced=force))
    if is_json:
        click.echo(written(report.written()))
    else:
        for line in lines(report, removes=not dry_run):
            click.echo(line)
    sys.exit(1 if report.lost or report.is_held_back else 0)


async def swept(values: settings.Settings, *, removes: bool, is_forced: bool) -> Report:
    database, storage = postgres.connect(values), blobs.open_storage(values)
    try:
        async with database.read() as connection:
            await schema.check(connection)
        report = await Sweep(database, storage, removes=removes, is_forced=is_forced).run()
        if removes:
            async with database.transaction() as connection:
                await queries.note(connection, report.totals())
        return report
    finally:
        await storage.close()
        await database.close()
