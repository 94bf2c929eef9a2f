"""One import from its beginning to its summary: reads, sends in batches, counts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, cast

from gazette.content.v1.content_type_pb2 import ContentType, ContentTypeView
from gazette.content.v1.content_type_service_pb2 import ListContentTypesRequest
from gazette.content.v1.document_import_pb2 import (
    ImportDocumentsRequest,
    ImportOptions,
    ImportOutcome,
    ImportResult,
)
from gazette.content.v1.notice_pb2 import Notice
from gazette_client import Client, GazetteError, errors
from server.importer import conversion, encodings, folders, ndjson
from server.importer.failures import Refusal
from server.importer.sources import JSON
from server.importer.units import Messages, Unit, batches

Format = Literal["govuk", "ndjson"]

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


@dataclass
class Summary:
    """What became of an import."""

    files: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    content_types: int = 0
    """Content types that were made."""
    stored_files: int = 0
    redirects: int = 0
    """Former paths that lead to documents since."""
    organisations: int = 0
    record_entries: int = 0
    """Entries that were restored without a document."""
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    """What of the documents does not reach readers as it was written."""
    seconds: float = 0.0
    is_interrupted: bool = False
    trouble: str = ""
    """What ended it before all was sent: the server went away, say."""
    known_types: list[ContentType] = field(default_factory=list)
    """Content types of the source that the server had already, whatever it had them say."""

    @property
    def documents(self) -> int:
        """How many documents the server took, changed or not."""
        return self.created + self.updated + self.unchanged

    @property
    def documents_per_second(self) -> float:
        return self.documents / self.seconds if self.seconds else 0.0

    def add_broken_off(self, error: GazetteError) -> None:
        """Counts what a call had committed that was ended before its answer."""
        self.created += int(error.metadata.get("created", 0))
        self.updated += int(error.metadata.get("updated", 0))
        self.content_types += int(error.metadata.get("content_types", 0))

    def add(self, part: ImportDocumentsRequest, result: ImportResult) -> None:
        self.notices += [noticed(result.source, each) for each in result.notices]
        kind, is_new = part.WhichOneof("part"), result.outcome == ImportOutcome.IMPORT_OUTCOME_CREATED
        if result.outcome == ImportOutcome.IMPORT_OUTCOME_REFUSED:
            self.refusals.append(Refusal(result.source, f"{result.reason}: {result.message}"))
        elif kind == "document":
            self.created += is_new
            self.updated += result.outcome == ImportOutcome.IMPORT_OUTCOME_UPDATED
            self.unchanged += result.outcome == ImportOutcome.IMPORT_OUTCOME_UNCHANGED
        elif kind == "content_type":
            self.content_types += is_new
            if not is_new:
                self.known_types.append(part.content_type)
        else:
            self.stored_files += is_new and kind == "file"
            self.redirects += is_new and kind == "redirect"
            self.organisations += is_new and kind == "organisation"
            self.record_entries += is_new and kind == "record_entry"


def noticed(source: str, notice: Notice) -> str:
    """A notice for people."""
    line = f" line {notice.line}" if notice.line else ""
    times = f" ({notice.count} times)" if notice.count > 1 else ""
    return f"{source}: {notice.field}{line}: {notice.reason}: {notice.message}{times}"


class Parts(NamedTuple):
    """What is to be sent."""

    units: Iterator[Unit]
    total: int | None


def run_import(
    client: Client,
    options: ImportOptions,
    path: Path,
    *,
    format: Format = "govuk",
    schemas: Mapping[str, JSON] | None = None,
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
        parts = govuk_parts(path, schemas or {}, summary) if format == "govuk" else ndjson_parts(path, summary, stack)
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


def govuk_parts(path: Path, schemas: Mapping[str, JSON], summary: Summary) -> Parts:
    converted = conversion.read(path, schemas)
    summary.files = converted.files
    summary.refusals += converted.refusals
    summary.notes += converted.notes
    return Parts(map(Unit, converted.parts()), len(converted.content_types) + len(converted.documents))


def ndjson_parts(path: Path, summary: Summary, stack: ExitStack) -> Parts:
    folder = path / folders.FILES if path.is_dir() else None
    file = folders.documents(path) if path.is_dir() else path
    summary.files = 1
    text = stack.enter_context(encodings.opened(file))
    return Parts(ndjson.Reader(text, file.name, summary.refusals, folder).units(), None)


def differences(client: Client, wanted: Sequence[ContentType]) -> list[str]:
    """Notes on content types that stay as they were, and are not what the source would have made of them."""
    found = {each.name: each for each in content_types(client)} if wanted else {}
    notes = []
    for own in wanted:
        standing = found[own.name]
        unmarked = sorted({*own.html_members} - {*standing.html_members})
        if standing.details_schema != own.details_schema or standing.body_member != own.body_member:
            notes.append(f"content type {own.name} was here already; its own schema was asked for")
        if unmarked:
            notes.append(f"content type {own.name} was here already; it does not sanitise {', '.join(unmarked)}")
    return notes


def content_types(client: Client) -> Iterator[ContentType]:
    token = ""
    while True:
        answer = client.content_types.ListContentTypes(ListContentTypesRequest(page_size=200, page_token=token, view=FULL))
        yield from answer.content_types
        token = answer.next_page_token
        if not token:
            return


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
