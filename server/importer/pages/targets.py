"""Where the links and images of a page lead: to other pages of the source, to files that come along, or elsewhere."""

from __future__ import annotations

import hashlib
import posixpath
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportedFile
from server.importer.pages.places import SUFFIXES, Places
from server.importer.units import FileBytes, Unit

SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|#|$")
"""How what leads elsewhere begins, or within the page itself."""
PIECE = 1 << 20
MOST_NOTES = 20
"""Targets of one page that are named."""


class Local(NamedTuple):
    """A file that comes along."""

    id: str
    sha256: str
    name: str
    path: Path
    alternative_text: str

    def unit(self) -> Unit:
        size = self.path.stat().st_size
        file = ImportedFile(
            id=self.id, name=self.name, sha256=self.sha256, size_bytes=size, alternative_text=self.alternative_text[:1000]
        )
        return Unit(ImportDocumentsRequest(file=file), FileBytes(self.path, size))


@dataclass
class Targets:
    """Those of one page. It is called with each, and keeps what has to come along."""

    places: Places
    name: str
    """The page's file."""
    inside: dict[str, Path]
    """Files that were inside of the page's file, by what its text calls them."""
    notes: list[str]
    files: dict[str, Local] = field(default_factory=dict)
    """By id."""
    missing: dict[str, None] = field(default_factory=dict)

    def __call__(self, target: str, name: str) -> str | None:
        if (file := self.inside.get(target)) is not None:
            return self.file(file, name)
        if SCHEME.match(target):
            return None
        try:
            parts = urlsplit(target)
        except ValueError:
            return None
        fragment = f"#{parts.fragment}" if parts.fragment else ""
        wanted = unquote(parts.path)
        is_absolute = wanted.startswith("/")
        at = wanted.lstrip("/") if is_absolute else posixpath.join(posixpath.dirname(self.name), wanted)
        at = posixpath.normpath(at)
        for candidate in candidates(at):
            if (place := self.places.by_file.get(candidate)) is not None:
                return place.path + fragment
        file = self.places.file(at)
        if not at.startswith("..") and is_within(file, self.places.root) and file.suffix.lower() not in SUFFIXES:
            return self.file(file, name)
        if not is_absolute:
            self.missing[target] = None
        return None

    def file(self, path: Path, name: str) -> str:
        """Has a file come along; where it is to be found."""
        sha256 = sha256_of(path)
        id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"sha256:{sha256}"))
        known = self.files.get(id)
        if known is None or not known.alternative_text:
            self.files[id] = Local(id, sha256, path.name, path, name)
        return f"/v1/files/{id}:download"

    def told(self) -> Iterator[str]:
        """What of the page leads to nothing."""
        for target in [*self.missing][:MOST_NOTES]:
            yield f"it leads to {target[:200]!r}, which is no file of the source; that stays as it is"
        if (more := len(self.missing) - MOST_NOTES) > 0:
            yield f"it leads to {more} more that are no files of the source"


def candidates(at: str) -> Iterator[str]:
    """The files that a link may mean: as it says, without its suffix, or a folder."""
    yield at
    for suffix in SUFFIXES:
        yield f"{at}{suffix}"
        for index in ("index", "README", "readme", "_index"):
            yield posixpath.normpath(posixpath.join(at, f"{index}{suffix}"))


def is_within(file: Path, root: Path) -> bool:
    """Whether it is a file of the source: not one that a link within it leads to."""
    return file.is_file() and file.resolve().is_relative_to(root)


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()
