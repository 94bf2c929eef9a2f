"""One import from its beginning to its summary: reads, sends in batches, counts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol, cast

from gazette.content.v1.content_type_pb2 import ContentType, ContentTypeView
from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportOptions
from gazette_client import Client, GazetteError, errors
from server.importer.failures import Refusal
from server.importer.opening import Format, parts_of
from server.importer.pages.reading import Wanted
from server.importer.sources import JSON
from server.importer.summary import Summary
from server.importer.units import Messages, Unit, batches

BATCH = 50
FULL = ContentTypeView.CONTENT_TYPE_VIEW_FULL
BATCH_SECONDS = 600.0
"""How long a batch may take at most."""
PARTS_FAULT = (errors.InvalidArgument, errors.ResourceExhausted, errors.Internal, errors.DataLoss)
"""What one part can do to the whole of its batch: bytes that nest too deep to be parsed, or a message that is too large."""


class Progress(Protocol):
    """Is told how far an import is."""

    def __call__(self, done: int, total: int | None) -> None:
        """`done` of `total` parts; nobody knows the total of a stream."""


def run_import(
    client: Client,
    options: ImportOptions,
    path: Path,
    *,
    format: Format = "govuk",
    schemas: Mapping[str, JSON] | None = None,
    pages: Wanted | None = None,
    batch: int = BATCH,
    progress: Progress | None = None,
) -> Summary:
    """Imports a path. What was imported stays, whatever happens later: Ctrl-C, or a server that goes away, ends it with a
    summary of what was done.

    Raises GazetteError where the very first call fails and has done nothing: the server cannot be reached, or lets the caller
    import nothing. Raises Refused for a path in which nothing can be read.
    """
    summary = Summary()
    begin = time.monotonic()
    done = 0
    with ExitStack() as stack:
        parts = parts_of(path, format, schemas or {}, pages or Wanted(), batch, summary, stack)
        try:
            for units in batches(parts.units, batch):
                send(client, options, units, summary)
                done += len(units)
                if progress is not None:
                    progress(done, parts.total)
            summary.notes += differences(client, summary.known_types)
        except KeyboardInterrupt:
            summary.is_interrupted = True
        except GazetteError as error:
            summary.add_broken_off(error)
            if not done and not (summary.documents or summary.content_types):
                raise
            summary.trouble = str(error)
    summary.seconds = time.monotonic() - begin
    return summary


def differences(client: Client, wanted: Sequence[ContentType]) -> list[str]:
    """Notes on content types that stay as they were, and are not what the source would have made of them."""
    found = {each.name: each for each in client.content_types(page_size=200, view=FULL)} if wanted else {}
    notes = []
    for own in wanted:
        standing = found[own.name]
        unmarked = sorted({*own.html_members} - {*standing.html_members})
        if standing.details_schema != own.details_schema or standing.body_member != own.body_member:
            notes.append(f"content type {own.name} was here already; its own schema was asked for")
        if unmarked:
            notes.append(f"content type {own.name} was here already; it does not sanitise {', '.join(unmarked)}")
    return notes


def send(client: Client, options: ImportOptions, units: list[Unit], summary: Summary) -> None:
    """One call; where one part spoils it, one call a part, so that only this part is refused.

    What was imported before the call broke off is unchanged when it is sent again, and counts so.
    """
    stream = cast("Iterator[ImportDocumentsRequest]", Messages(options, units))  # can be sent again where the connection breaks
    try:
        answer = client.content.ImportDocuments(stream, timeout=BATCH_SECONDS)
    except PARTS_FAULT as error:
        if error.retry_after is not None:
            raise
        if len(units) > 1:
            for unit in units:
                send(client, options, [unit], summary)
            return
        summary.refusals.append(Refusal(source(units[0].part), str(error)))
    else:
        for unit, result in zip(units, answer.results, strict=True):
            summary.add(unit.part, result)


def source(part: ImportDocumentsRequest) -> str:
    match part.WhichOneof("part"):
        case "document":
            return part.document.source
        case "file":
            return f"file/{part.file.name}"
        case "content_type":
            return f"content_type/{part.content_type.name}"
        case other:
            return str(other)
