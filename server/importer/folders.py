"""An export with files, as a folder: `documents.ndjson`, and in `files` the bytes of each file under their SHA-256.

Files come first and `documents.ndjson` takes its place last, as a whole. So the folder holds a complete export at any time, the
one before until this one is complete; and what only the one before had is removed at the end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from gazette.content.v1.document_import_pb2 import ExportDocumentsResponse, ImportedFile
from server.importer.failures import Refused

DOCUMENTS, FILES = "documents.ndjson", "files"
PART = ".part"


def documents(folder: Path) -> Path:
    """The NDJSON of an export in a folder. Raises Refused."""
    file = folder / DOCUMENTS
    if not file.is_file():
        raise Refused(f"holds no {DOCUMENTS}: it is no export, or one that was cut off")
    return file


def check_free(folder: Path) -> None:
    """Raises Refused for a folder in which an export would stand among other things."""
    if folder.exists() and (others := sorted(each.name for each in folder.iterdir() if not is_ours(each.name))):
        raise Refused(f"holds other things than an export: {', '.join(others[:5])}")


def is_ours(name: str) -> bool:
    return name in {DOCUMENTS, FILES, DOCUMENTS + PART}


@dataclass
class Folder:
    """The folder of an export that is being written."""

    path: Path
    lines: BinaryIO
    kept: set[str] = field(default_factory=set)
    """Names of the files that this export has."""
    file: ImportedFile | None = None
    """The newest file, whose bytes are coming."""
    output: BinaryIO | None = None
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def take(self, part: ExportDocumentsResponse) -> bool:
        """Whether the part is a file's bytes, which have then been written. Raises Refused for bytes that were damaged."""
        if part.WhichOneof("part") == "chunk" and self.output is not None:
            self.output.write(part.chunk)
            self.digest.update(part.chunk)
            return True
        self.complete_file()
        if part.HasField("file"):
            self.file, self.digest = part.file, hashlib.sha256()
            self.output = self.place(PART).open("wb")
        return False

    def place(self, suffix: str = "") -> Path:
        assert self.file is not None
        return self.path / FILES / f"{self.file.sha256}{suffix}"

    def complete_file(self) -> None:
        """Puts the newest file in its place."""
        if self.output is None or self.file is None:
            return
        self.output.close()
        self.output = None
        if self.digest.hexdigest() != self.file.sha256:
            self.place(PART).unlink()
            raise Refused(f"file {self.file.name} came with other bytes than those of its SHA-256, {self.file.sha256}")
        self.place(PART).replace(self.place())
        self.kept.add(self.file.sha256)

    def drop_file(self) -> None:
        """Removes the newest file, if it is not whole."""
        if self.output is not None:
            self.output.close()
            self.place(PART).unlink(missing_ok=True)

    def prune(self) -> None:
        """Removes what only an export before had."""
        for file in (self.path / FILES).iterdir():
            if file.name not in self.kept:
                file.unlink()


@contextmanager
def replacing(path: Path) -> Iterator[Folder]:
    """A folder, in which the export takes its place when all is there. Raises Refused, and OSError."""
    check_free(path)
    (path / FILES).mkdir(parents=True, exist_ok=True)
    part = path / (DOCUMENTS + PART)
    try:
        with part.open("wb") as lines:
            folder = Folder(path, lines)
            try:
                yield folder
                folder.complete_file()
            finally:
                folder.drop_file()
        part.replace(path / DOCUMENTS)
        folder.prune()
    finally:
        part.unlink(missing_ok=True)
