"""A source of pages as parts of an import, one file after the other: what is held of all is where each comes to be."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.document_import_pb2 import ImportDocumentsRequest, ImportedDocument
from gazette.content.v1.document_pb2 import BodyFormat, Document, LiveState
from server.importer.failures import Refusal, Refused
from server.importer.pages import html, markdown, word
from server.importer.pages.page import Front, Page
from server.importer.pages.places import SUFFIXES, Places
from server.importer.pages.targets import Targets
from server.importer.units import Unit

CONTENT_TYPE, LOCALE = "page", "en"
KEPT = 2
"""Batches for which files that were inside of others are kept: one is sent while the next one is read."""


@dataclass(frozen=True)
class Wanted:
    """How a source's pages are to come."""

    kinds: frozenset[str] = frozenset(SUFFIXES.values())
    under: str = ""
    """Where on the site they begin."""
    locale: str = LOCALE
    content_type: str = CONTENT_TYPE


@dataclass
class Reader:
    """Reads a source. What does not arrive is added to the refusals and the notes."""

    wanted: Wanted
    places: Places
    folder: Path
    """Where what is inside of other files lies until it is sent."""
    refusals: list[Refusal]
    notes: list[str]
    types: set[str] = field(default_factory=set)
    sent: set[str] = field(default_factory=set)
    """Ids of the files that have come along, by more than one page perhaps."""
    held: list[tuple[int, Path]] = field(default_factory=list)
    number: int = 0

    @classmethod
    def of(cls, path: Path, wanted: Wanted, folder: Path, refusals: list[Refusal], notes: list[str]) -> Reader:
        places = Places.of(path, wanted.kinds, wanted.under, wanted.locale, refusals)
        return cls(wanted, places, folder, refusals, notes)

    def units(self, batch: int) -> Iterator[Unit]:
        """Content types before the documents that are first of them, and files before those that need them."""
        for name in self.places.by_file:
            try:
                units = [*self.of_file(name)]
            except Refused as refused:
                self.refusals.append(Refusal(name, str(refused)))
                continue
            for unit in units:
                self.number += 1
                yield unit
            self.let_go(batch)

    def of_file(self, name: str) -> Iterator[Unit]:
        """Raises Refused."""
        page = self.page(name)
        targets = Targets(self.places, name, page.images, page.notes)
        body = (markdown if page.is_markdown else html).retargeted(page.body, targets)
        self.notes += [f"{name}: {note}" for note in (*page.notes, *targets.told())]
        imported = self.document(name, page.front, body, is_markdown=page.is_markdown, attachments=[*targets.files])
        content_type = imported.document.content_type
        if content_type not in self.types:
            self.types.add(content_type)
            title = content_type.replace("_", " ").capitalize()
            yield Unit(ImportDocumentsRequest(content_type=ContentType(name=content_type, title=title)))
        for id, file in targets.files.items():
            if id not in self.sent:
                self.sent.add(id)
                yield file.unit()
        yield Unit(ImportDocumentsRequest(document=imported))

    def page(self, name: str) -> Page:
        """Raises Refused."""
        file = self.places.file(name)
        try:
            match SUFFIXES[file.suffix.lower()]:
                case "html":
                    return html.read(file)
                case "docx":
                    folder = self.folder / f"{self.number}"
                    self.held.append((self.number, folder))
                    return word.read(file, folder)
                case _:
                    return markdown.read(file)
        except OSError as error:
            raise Refused(f"cannot be read: {error.strerror}") from None

    def document(self, name: str, front: Front, body: str, *, is_markdown: bool, attachments: list[str]) -> ImportedDocument:
        """Raises Refused."""
        place = self.places.by_file[name]
        if not front.title.strip():
            raise Refused("has no title: neither in its front matter nor as a heading at its beginning")
        document = Document(
            content_type=front.content_type or self.wanted.content_type,
            locale=front.locale or place.locale,
            translation_key=place.translation_key,
            path=place.path,
            title=front.title,
            summary=front.summary,
            body=body,
            body_format=BodyFormat.BODY_FORMAT_MARKDOWN if is_markdown else BodyFormat.BODY_FORMAT_HTML,
            tags=front.tags,
            attachments=attachments,
        )
        try:
            document.details.update(front.details)
        except ValueError as error:
            raise Refused(f"has details that JSON cannot say: {error}") from None
        imported = ImportedDocument(document=document, source=name, live_state=LiveState.LIVE_STATE_PUBLISHED)
        if front.publish_time is not None:
            imported.claimed_first_publish_time.FromDatetime(front.publish_time)
        return imported

    def let_go(self, batch: int) -> None:
        """Removes what lay inside of files that have been sent by now."""
        while self.held and self.number - self.held[0][0] > KEPT * (batch + 1):
            shutil.rmtree(self.held.pop(0)[1], ignore_errors=True)
