"""Where the pages of a source come to be: found out for all of its files, before any of them is read whole."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from server.importer.failures import Refusal, Refused
from server.importer.pages import fronts
from server.importer.pages.page import Front

SUFFIXES = {".html": "html", ".htm": "html", ".docx": "docx", ".md": "markdown", ".markdown": "markdown"}
INDEXES = {"index", "readme", "_index"}
"""Files that are the page of their folder."""
PATH = re.compile(r"/|(/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+")
MOST_OF_A_PATH = 512


class Place(NamedTuple):
    """Where a file's page comes to be."""

    path: str
    locale: str
    translation_key: str


@dataclass
class Places:
    """The files of a source that are pages, and where each comes to be."""

    root: Path
    under: str
    locale: str
    by_file: dict[str, Place] = field(default_factory=dict)
    """By the file's path within the source."""

    @classmethod
    def of(cls, path: Path, kinds: frozenset[str], under: str, locale: str, refusals: list[Refusal]) -> Places:
        """Of a file or a folder, as far as its files are of these kinds. What has no place is refused."""
        root = path.resolve() if path.is_dir() else path.resolve().parent
        found = cls(root, under.rstrip("/"), locale)
        taken: dict[tuple[str, str], str] = {}
        for name in found.names(path, kinds):
            try:
                place = found.place(name)
                first = taken.setdefault((place.path, place.locale), name)
                if first != name:
                    raise Refused(f"would be at {place.path} in {place.locale}, as {first} is")
            except Refused as refused:
                refusals.append(Refusal(name, str(refused)))
            else:
                found.by_file[name] = place
        return found

    def names(self, path: Path, kinds: frozenset[str]) -> Iterator[str]:
        """The files of these kinds, by name; none that is hidden, and none that is a link to somewhere else."""
        files = sorted(path.resolve().rglob("*")) if path.is_dir() else [path.resolve()]
        for file in files:
            name = file.relative_to(self.root).as_posix()
            is_hidden = any(part.startswith((".", "~$")) for part in name.split("/"))
            if SUFFIXES.get(file.suffix.lower()) in kinds and file.is_file() and not is_hidden:
                yield name

    def place(self, name: str) -> Place:
        """Raises Refused."""
        self.check_own(name)
        front = self.front(name)
        path = front.path or self.path_of(name)
        if not PATH.fullmatch(path) or len(path) > MOST_OF_A_PATH:
            raise Refused(f"would be at {path[:100]!r}, which is no path: / and segments of letters, digits and - _ . ~")
        locale = front.locale or self.locale
        return Place(path, locale, front.translation_key or str(uuid.uuid5(uuid.NAMESPACE_URL, self.path_of(name) + "#page")))

    def check_own(self, name: str) -> None:
        """Raises Refused for what a link within the source leads out of it to."""
        if not self.file(name).resolve().is_relative_to(self.root):
            raise Refused("is a link that leads outside of the folder")

    def front(self, name: str) -> Front:
        """What the file says of itself, where that is known without reading all of it. Raises Refused."""
        file = self.file(name)
        return fronts.head(file) if SUFFIXES[file.suffix.lower()] == "markdown" else Front()

    def path_of(self, name: str) -> str:
        """By the file's folders and its name."""
        *folders, last = [slug(part) for part in name.rpartition(".")[0].split("/")]
        parts = folders if last in INDEXES else [*folders, last]
        if not all(parts):
            raise Refused("has no letter or digit in its name that a path can have")
        return "/".join([self.under, *parts]) or "/"

    def file(self, name: str) -> Path:
        return self.root / name


def slug(name: str) -> str:
    """The name as a segment of a path: small letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    kept = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-")
    return kept if re.sub(r"[_-]", "", kept) else ""
