"""An import that sends nothing: what would be sent, part by part."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest
from gazette.content.v1.document_pb2 import LiveState
from server.importer.opening import Format, parts_of
from server.importer.pages.reading import Wanted
from server.importer.sources import JSON
from server.importer.summary import Summary


def rehearse(
    path: Path, tell: Callable[[str], None], *, format: Format, schemas: Mapping[str, JSON], pages: Wanted, batch: int
) -> Summary:
    """Reads a path as an import does, tells what each part would be, and sends nothing. Raises Refused."""
    summary, begin = Summary(), time.monotonic()
    with ExitStack() as stack:
        for unit in parts_of(path, format, schemas, pages, batch, summary, stack).units:
            tell(told(unit.part))
            summary.add_rehearsed(unit.part)
    summary.seconds = time.monotonic() - begin
    return summary


def told(part: ImportDocumentsRequest) -> str:
    """One line for people."""
    match part.WhichOneof("part"):
        case "document":
            document, state = part.document.document, LiveState.Name(part.document.live_state).removeprefix("LIVE_STATE_")
            kind = f"{document.content_type}, {document.locale or 'en'}"
            return f"{state.lower()} {document.path} ({kind}): {document.title} [{part.document.source}]"
        case "file":
            file = part.file
            return f"file {file.name} ({file.size_bytes} bytes): {file.alternative_text or 'without alternative text'}"
        case "content_type":
            return f"content type {part.content_type.name}, unless it is there"
        case "redirect":
            return f"redirect {part.redirect.path}"
        case other:
            return str(other).replace("_", " ")
