"""`gazette import` and `gazette export`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import click

from gazette.content.v1.document_import_pb2 import ExportDocumentsRequest
from server.importer import importing, ndjson, reporting, schemas
from server.importer.connecting import Connection, Trouble, connected, connection_options
from server.importer.importing import Format, Summary
from server.importer.sources import JSON, Refused

INTERRUPTED = 130
"""The exit code that shells give a command that Ctrl-C ended."""


@click.command("import")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--format", type=click.Choice(["govuk", "ndjson"]), default="ndjson", help="What PATH holds.")
@click.option(
    "--schemas",
    "schemas_path",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="govuk: the folder of details' JSON Schemas.  [default: schemas, beside PATH]",
)
@click.option("--batch", type=click.IntRange(1, 5000), default=importing.BATCH, help="Documents a call.")
@click.option("--json", "is_json", is_flag=True, help="Print the summary as JSON, and nothing else.")
@connection_options
def import_documents(
    path: Path, format: Format, schemas_path: Path | None, batch: int, is_json: bool, **connection: Any
) -> None:
    """Bring in what was published elsewhere, and publish it.

    PATH is a file of `gazette export`, or for govuk a file or folder of GOV.UK content items (JSON). What was imported before
    changes nothing, so an import that was cut off is simply begun again. Exit code 1: something was refused, and is
    named. 2: the server could not be reached, or refused everything.
    """
    if path.is_dir() and format == "ndjson":
        raise click.UsageError("PATH is a folder; --format ndjson reads one file. Is it --format govuk?")
    known = load_schemas(path, schemas_path) if format == "govuk" else {}
    with connected(Connection(**connection)) as (client, organisation), reporting.progress(quiet=is_json) as progress:
        summary = importing.run_import(
            client, organisation.id, path, format=format, schemas=known, batch=batch, progress=progress
        )
    click.echo(reporting.as_json(summary) if is_json else reporting.text(summary))
    sys.exit(exit_code(summary))


def exit_code(summary: Summary) -> int:
    if summary.is_interrupted:
        return INTERRUPTED
    return Trouble.exit_code if summary.trouble else 1 if summary.refusals else 0


def load_schemas(path: Path, given: Path | None) -> dict[str, JSON]:
    beside = path.resolve().parent / "schemas"
    try:
        return schemas.load(given or (beside if beside.is_dir() else None))
    except Refused as refused:
        raise Trouble(f"the schemas: {refused}") from None


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@connection_options
def export_documents(file: Path, **connection: Any) -> None:
    """Write what the public sees of an organisation's documents to FILE (`-`: standard output), for `gazette import`."""
    count = 0
    with connected(Connection(**connection)) as (client, organisation), replacing(file) as output:
        for part in client.content.ExportDocuments(ExportDocumentsRequest(organisation_id=organisation.id)):
            output.write(ndjson.line(part))
            count += part.HasField("document")
    click.echo(f"{reporting.counted(count, 'document')} exported", err=True)


@contextmanager
def replacing(file: Path) -> Iterator[BinaryIO]:
    """Writes beside the file, and puts it in its place when all is there."""
    if str(file) == "-":
        yield sys.stdout.buffer
        return
    part = file.with_name(f"{file.name}.part")
    try:
        with part.open("wb") as output:
            yield output
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
