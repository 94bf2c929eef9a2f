"""One export from its beginning to its report: asks, writes, counts."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gazette.content.v1.document_import_pb2 import ExportDocumentsResponse
from server.importer import folders, ndjson

STANDARD_OUTPUT = Path("-")


def write(parts: Iterable[ExportDocumentsResponse], path: Path, *, is_folder: bool) -> Counter[str]:
    """Writes an export to a file, or a folder. How many there were of each kind of part, and `bytes` of files. Raises Refused
    for bytes that were damaged on the way."""
    if not is_folder:
        with replacing(path) as output:
            return counted(parts, lambda part: output.write(ndjson.line(part)))
    with folders.replacing(path) as folder:
        return counted(parts, lambda part: folder.take(part) or folder.lines.write(ndjson.line(part)))


def counted(parts: Iterable[ExportDocumentsResponse], take: Callable[[ExportDocumentsResponse], object]) -> Counter[str]:
    counts = Counter[str]()
    for part in parts:
        take(part)
        counts[part.WhichOneof("part") or ""] += 1
        counts["bytes"] += part.file.size_bytes
    return counts


@contextmanager
def replacing(file: Path) -> Iterator[BinaryIO]:
    """Writes beside the file, and puts it in its place when all is there."""
    if file == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        return
    part = file.with_name(f"{file.name}.part")
    try:
        with part.open("wb") as output:
            yield output
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
