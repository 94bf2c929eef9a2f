"""Opens what is imported, whatever it holds: its parts, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

from server.importer import encodings, folders, ndjson
from server.importer.failures import Refused
from server.importer.govuk import conversion
from server.importer.pages.reading import Reader, Wanted
from server.importer.sources import JSON
from server.importer.summary import Summary
from server.importer.units import Unit

Format = Literal["govuk", "ndjson", "pages"]


class Parts(NamedTuple):
    """What is to be sent."""

    units: Iterator[Unit]
    total: int | None


def parts_of(
    path: Path, format: Format, schemas: Mapping[str, JSON], pages: Wanted, batch: int, summary: Summary, stack: ExitStack
) -> Parts:
    """Raises Refused."""
    match format:
        case "govuk":
            return govuk_parts(path, schemas, summary)
        case "ndjson":
            return ndjson_parts(path, summary, stack)
        case "pages":
            return pages_parts(path, pages, batch, summary, stack)


def pages_parts(path: Path, pages: Wanted, batch: int, summary: Summary, stack: ExitStack) -> Parts:
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="gazette-import-")))
    reader = Reader.of(path, pages, folder, summary.refusals, summary.notes)
    summary.files = len(reader.places.by_file) + len(summary.refusals)
    if not summary.files:
        raise Refused(f"holds no file of these: {', '.join(sorted(pages.kinds))}")
    return Parts(reader.units(batch), None)


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
