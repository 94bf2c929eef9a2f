"""`gazette import` and `gazette export`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gazette.content.v1.document_import_pb2 import ExportDocumentsRequest, ImportOptions
from server.importer import exporting, folders, importing, reporting
from server.importer.connecting import Connection, Trouble, connected, connection_options
from server.importer.exporting import STANDARD_OUTPUT
from server.importer.failures import Refused
from server.importer.govuk import schemas
from server.importer.opening import Format
from server.importer.pages.places import SUFFIXES
from server.importer.pages.reading import CONTENT_TYPE, LOCALE, Wanted
from server.importer.rehearsing import rehearse
from server.importer.sources import JSON
from server.importer.summary import Summary

KINDS = ("html", "docx", "markdown")
"""Formats of pages."""

INTERRUPTED = 130
"""The exit code that shells give a command that Ctrl-C ended."""


@click.command("import")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--format",
    type=click.Choice(["govuk", "ndjson", *KINDS]),
    help="What PATH holds.  [default: by the names of its files]",
)
@click.option(
    "--schemas",
    "schemas_path",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="govuk: the folder of details' JSON Schemas.  [default: schemas, beside PATH]",
)
@click.option("--under", default="", metavar="PATH", help="html, docx, markdown: where on the site the pages begin.")
@click.option("--locale", default=LOCALE, show_default=True, help="The same: their language, where they say none.")
@click.option("--content-type", default=CONTENT_TYPE, show_default=True, help="The same: their type, where they say none.")
@click.option("--dry-run", is_flag=True, help="Print what would be sent, and send nothing.")
@click.option("--restore", is_flag=True, help="Restore an empty installation from an export --for-restoring.")
@click.option("--batch", type=click.IntRange(1, 5000), default=importing.BATCH, help="Documents a call.")
@click.option("--json", "is_json", is_flag=True, help="Print the summary as JSON, and nothing else.")
@connection_options
def import_documents(
    path: Path,
    format: str | None,
    schemas_path: Path | None,
    dry_run: bool,
    restore: bool,
    batch: int,
    is_json: bool,
    **more: Any,
) -> None:
    """Bring in what was published elsewhere, and publish it.

    PATH is a file or folder of `gazette export`; a file or folder of pages in HTML, Word (.docx) or Markdown with front matter,
    whose paths follow from folders and names; or for govuk a file or folder of GOV.UK content items (JSON). What was imported
    before changes nothing, so an import that was cut off is simply begun again. Exit code 1: something was refused, and is
    named. 2: the server could not be reached, or refused everything.
    """
    kind, kinds = found(path, format), frozenset({format} if format in KINDS else KINDS)
    pages = Wanted(kinds, *(str(more.pop(name)) for name in ("under", "locale", "content_type")))
    if restore and kind != "ndjson":
        raise click.UsageError("--restore is for what `gazette export --for-restoring` has written.")
    known = load_schemas(path, schemas_path) if kind == "govuk" else {}
    if dry_run:
        summary = rehearsed(path, kind, known, pages, quiet if is_json else click.echo)
        click.echo(reporting.as_json(summary) if is_json else reporting.rehearsed_text(summary))
        sys.exit(exit_code(summary))
    wanted = Connection(**more)
    with connected(wanted, for_all=restore) as (client, organisation), reporting.progress(quiet=is_json) as progress:
        options = ImportOptions(organisation_id=organisation.id if organisation else "", restores=restore)
        try:
            summary = importing.run_import(
                client, options, path, format=kind, schemas=known, pages=pages, batch=batch, progress=progress
            )
        except Refused as refused:
            raise Trouble(f"{path.name} {refused}") from None
    click.echo(reporting.as_json(summary) if is_json else reporting.text(summary))
    sys.exit(exit_code(summary))


def found(path: Path, format: str | None) -> Format:
    """What is imported: as it is called, or as the names of files say."""
    if format in KINDS:
        return "pages"
    if format is not None:
        return "govuk" if format == "govuk" else "ndjson"
    if path.is_dir():
        return "ndjson" if (path / folders.DOCUMENTS).is_file() else "pages" if pages_in(path) else "ndjson"
    return "pages" if path.suffix.lower() in SUFFIXES else "ndjson"


def pages_in(folder: Path) -> bool:
    return any(file.suffix.lower() in SUFFIXES for file in folder.rglob("*"))


def rehearsed(path: Path, format: Format, known: dict[str, JSON], pages: Wanted, tell: Callable[[str], None]) -> Summary:
    """Tells what an import would send, part by part."""
    try:
        return rehearse(path, tell, format=format, schemas=known, pages=pages, batch=importing.BATCH)
    except Refused as refused:
        raise Trouble(f"{path.name} {refused}") from None


def quiet(line: str) -> None:
    """Where the summary is to be all that is printed."""


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
@click.argument("path", type=click.Path(allow_dash=True, path_type=Path))
@click.option("--with-files", is_flag=True, help="Write the pages' files, too: PATH is a folder then.")
@click.option("--all-organisations", is_flag=True, help="Of all organisations.")
@click.option(
    "--for-restoring",
    is_flag=True,
    help="Write all that `gazette import --restore` needs: of all organisations, with files, ids, times and the record.",
)
@click.option("--json", "is_json", is_flag=True, help="Print the report as JSON on standard error.")
@connection_options
def export_documents(
    path: Path, with_files: bool, all_organisations: bool, for_restoring: bool, is_json: bool, **connection: Any
) -> None:
    """Write what the public sees of an organisation's documents to PATH (`-`: standard output), for `gazette import`.

    With files PATH is a folder: documents.ndjson, and files by the SHA-256 of their bytes. An export takes the place of the one
    before when it is complete, and not earlier.
    """
    wanted, begin = Connection(**connection), time.monotonic()
    if (all_organisations or for_restoring) and wanted.organisation:
        raise click.UsageError("Say either --organisation or all of them.")
    is_folder = (with_files or for_restoring) and path != STANDARD_OUTPUT
    if not is_folder and path.is_dir():
        raise click.UsageError("PATH is a folder; an export without files is one file.")
    if is_folder and path.is_file():
        raise click.UsageError("PATH is a file; an export with files is a folder.")
    with connected(wanted, for_all=all_organisations or for_restoring) as (client, organisation):
        request = ExportDocumentsRequest(
            organisation_id=organisation.id if organisation else "",
            with_files=with_files or for_restoring,
            for_restoring=for_restoring,
        )
        try:
            counts = exporting.write(client.content.ExportDocuments(request), path, is_folder=is_folder)
        except Refused as refused:
            raise Trouble(f"{path}: {refused}") from None
        except OSError as error:
            raise Trouble(f"{path} cannot be written: {error.strerror}") from None
    report = reporting.exported(counts, time.monotonic() - begin)
    click.echo(json.dumps(report) if is_json else reporting.exported_text(report), err=True)
