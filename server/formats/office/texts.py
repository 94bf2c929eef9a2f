"""What a document of an office says, as text: paragraphs a line each, and slides apart by a form feed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from time import process_time
from typing import NamedTuple
from xml.parsers import expat

from server.formats import types, xml
from server.formats.archives import MAX_PART, Archive
from server.formats.facts import MAX_TEXT, Text, cleaned
from server.formats.malformed import Malformed
from server.formats.office.structure import CONTENT
from server.formats.xml import Attributes

WORD, SHEET, SLIDES = "word/document.xml", "xl/sharedStrings.xml", re.compile(r"ppt/slides/slide([0-9]{1,9})\.xml")
PAGE_END = "\f"
BEFORE_PAGE_END = re.compile(r"\s+(?=\f)")


class Words(NamedTuple):
    """Where text stands in a kind of XML, by the local names of its elements."""

    texts: frozenset[str]
    """What holds text."""
    marks: Mapping[str, str]
    """What stands for characters."""
    ends: Mapping[str, str]
    """What is told of an element's end."""
    passed_over: frozenset[str]
    """What says the same again, or what is not to be read."""


OFFICE_OPEN = Words(
    frozenset({"t"}),
    {"tab": "\t", "br": "\n", "cr": "\n"},
    {"p": "\n", "si": "\n"},
    frozenset({"Fallback", "rPh", "pPr", "rPr"}),
)
OPEN_DOCUMENT = Words(
    frozenset({"p", "h"}),
    {"s": " ", "tab": "\t", "line-break": "\n"},
    {"p": "\n", "h": "\n", "page": PAGE_END},
    frozenset({"annotation", "tracked-changes", "notes", "forms"}),
)


class Enough(Exception):
    """As much has been read as is kept, or as there is time for."""


class Reader:
    """Collects what stands in one part after another."""

    def __init__(self, words: Words, until: float) -> None:
        self.words, self.until = words, until
        self.said: list[str] = []
        self.size = self.texts = self.passed = 0

    def read(self, archive: Archive, name: str) -> None:
        """Raises Enough and Malformed."""
        self.texts = self.passed = 0
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self.begin, self.end
        parser.CharacterDataHandler = self.characters
        xml.parsed(parser, self.pieces(archive, name), name)

    def pieces(self, archive: Archive, name: str) -> Iterator[bytes]:
        for piece in archive.inflated(archive.by_name[name], MAX_PART):
            if process_time() > self.until:
                raise Enough
            yield piece

    def begin(self, element: str, attributes: Attributes) -> None:
        local = element.rpartition(" ")[2]
        if local in self.words.passed_over:
            self.passed += 1
        elif self.passed:
            return
        elif local in self.words.texts:
            self.texts += 1
        elif (mark := self.words.marks.get(local)) is not None:
            self.add(mark)

    def end(self, element: str) -> None:
        local = element.rpartition(" ")[2]
        if local in self.words.passed_over:
            self.passed -= 1
        elif self.passed:
            return
        if local in self.words.texts:
            self.texts -= 1
        if (mark := self.words.ends.get(local)) is not None:
            self.add(mark)

    def characters(self, said: str) -> None:
        if self.texts and not self.passed:
            self.add(said)

    def add(self, said: str) -> None:
        self.said.append(said)
        self.size += len(said)
        if self.size > MAX_TEXT:
            raise Enough


def text(archive: Archive, content_type: str, until: float) -> Text:
    """What it says, as far as it can be read until this process has used so much time."""
    reader = Reader(OPEN_DOCUMENT if content_type in types.OPEN_DOCUMENT else OFFICE_OPEN, until)
    is_whole = True
    for name in parts(archive, content_type):
        try:
            reader.read(archive, name)
        except (Enough, Malformed):
            is_whole = False
            break
        reader.said.append(PAGE_END)
    return cleaned(BEFORE_PAGE_END.sub("", "".join(reader.said)).rstrip(), is_truncated=not is_whole)


def parts(archive: Archive, content_type: str) -> list[str]:
    if content_type in types.OPEN_DOCUMENT:
        return [CONTENT]
    slides = sorted((int(match[1]), match[0]) for name in archive.names if (match := SLIDES.fullmatch(name)))
    return [name for name in (WORD, SHEET) if name in archive.by_name] + [name for _, name in slides]
