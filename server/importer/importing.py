"""One import from its beginning to its summary: reads, sends in batches, counts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, cast

from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.content_type_service_pb2 import ListContentTypesRequest
from gazette.content.v1.document_import_pb2 import (
    ImportDocumentsRequest,
    ImportOptions,
    ImportOutcome,
    ImportResult,
)
from gazette_client import Client, GazetteError, errors
from server.importer import conversion, ndjson
from server.importer.sources import JSON, Refusal

Format = Literal["govuk", "ndjson"]

BATCH = 50
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
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
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

    def add(self, part: ImportDocumentsRequest, result: ImportResult) -> None:
        if result.outcome == ImportOutcome.IMPORT_OUTCOME_REFUSED:
            self.refusals.append(Refusal(result.source, f"{result.reason}: {result.message}"))
        elif not part.HasField("document"):
            if result.outcome == ImportOutcome.IMPORT_OUTCOME_CREATED:
                self.content_types += 1
            else:
                self.known_types.append(part.content_type)
        elif result.outcome == ImportOutcome.IMPORT_OUTCOME_CREATED:
            self.created += 1
        elif result.outcome == ImportOutcome.IMPORT_OUTCOME_UPDATED:
            self.updated += 1
        else:
            self.unchanged += 1


class Parts(NamedTuple):
    """What is to be sent."""

    each: Iterator[ImportDocumentsRequest]
    total: int | None


def run_import(
    client: Client,
    organisation_id: str,
    path: Path,
    *,
    format: Format = "govuk",
    schemas: Mapping[str, JSON] | None = None,
    batch: int = BATCH,
    progress: Progress | None = None,
) -> Summary:
    """Imports a path. What was imported stays, whatever happens later: Ctrl-C, or a server that goes away, ends it with a
    summary of what was done.

    Raises GazetteError where the very first call fails: the server cannot be reached, or lets the caller import nothing.
    """
    summary = Summary()
    begin = time.monotonic()
    done = 0
    with ExitStack() as stack:
        parts = govuk_parts(path, schemas or {}, summary) if format == "govuk" else ndjson_parts(path, summary, stack)
        try:
            while some := [*islice(parts.each, batch)]:
                send(client, organisation_id, some, summary)
                done += len(some)
                if progress is not None:
                    progress(done, parts.total)
            summary.notes += differences(client, summary.known_types)
        except KeyboardInterrupt:
            summary.is_interrupted = True
        except GazetteError as error:
            if not done:
                raise
            summary.trouble = str(error)
    summary.seconds = time.monotonic() - begin
    return summary


def govuk_parts(path: Path, schemas: Mapping[str, JSON], summary: Summary) -> Parts:
    converted = conversion.read(path, schemas)
    summary.files = converted.files
    summary.refusals += converted.refusals
    summary.notes += converted.notes
    return Parts(converted.parts(), len(converted.content_types) + len(converted.documents))


def ndjson_parts(path: Path, summary: Summary, stack: ExitStack) -> Parts:
    summary.files = 1
    return Parts(ndjson.parts(stack.enter_context(path.open("rb")), path.name, summary.refusals), None)


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
        answer = client.content_types.ListContentTypes(ListContentTypesRequest(page_size=200, page_token=token))
        yield from answer.content_types
        token = answer.next_page_token
        if not token:
            return


def send(client: Client, organisation_id: str, parts: list[ImportDocumentsRequest], summary: Summary) -> None:
    """One call; where one part spoils it, one call a part, so that only this part is refused.

    What was imported before the call broke off is unchanged when it is sent again, and counts so.
    """
    requests = [ImportDocumentsRequest(options=ImportOptions(organisation_id=organisation_id)), *parts]
    stream = cast("Iterator[ImportDocumentsRequest]", requests)  # a list can be sent again when the connection breaks
    try:
        answer = client.content.ImportDocuments(stream, timeout=BATCH_SECONDS)
    except PARTS_FAULT as error:
        if error.retry_after is not None:
            raise
        if len(parts) > 1:
            for part in parts:
                send(client, organisation_id, [part], summary)
            return
        summary.refusals.append(Refusal(source(parts[0]), str(error)))
    else:
        for part, result in zip(parts, answer.results, strict=True):
            summary.add(part, result)


def source(part: ImportDocumentsRequest) -> str:
    return part.document.source if part.HasField("document") else f"content_type/{part.content_type.name}"
