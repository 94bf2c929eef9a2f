"""What a document of an office says of itself: its properties (ECMA-376 part 2, ODF 1.3 part 3), and where these say nothing of
its language, its styles."""

from __future__ import annotations

import re

from server.formats import types, xml
from server.formats.archives import Archive
from server.formats.facts import DocumentFacts, language, line
from server.formats.malformed import Malformed
from server.formats.office.structure import CONTENT, named
from server.formats.xml import Attributes

CORE, EXTENDED = "docProps/core.xml", "docProps/app.xml"
META, ODF_STYLES = "meta.xml", "styles.xml"
WORD_STYLES = "word/styles.xml"
DC = "http://purl.org/dc/elements/1.1/"
SAID = {f"{DC} title": "title", f"{DC} language": "language"}
EXTENDED_NAMESPACES = (
    "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties",
    "http://purl.oclc.org/ooxml/officeDocument/extendedProperties",
)
SLIDE = re.compile(r"ppt/slides/slide[0-9]+\.xml")
NO_LANGUAGE = frozenset({"none", "zxx", "x-none", ""})
DIGITS = 9


def facts(archive: Archive, content_type: str) -> DocumentFacts:
    """Nothing of it is refused: what cannot be read is not known."""
    is_open = content_type in types.OPEN_DOCUMENT
    said = texts(archive, META if is_open else CORE, SAID)
    count = open_count(archive, content_type) if is_open else office_open_count(archive, content_type)
    tag = language(said.get("language", "")) or language(of_styles(archive, ODF_STYLES if is_open else WORD_STYLES))
    return DocumentFacts(page_count=count, title=line(said.get("title", "")), language=tag)


def office_open_count(archive: Archive, content_type: str) -> int:
    """Pages as the program that wrote it has counted them, and slides as they are there. Sheets are no pages."""
    if content_type.endswith("presentation"):
        return sum(1 for name in archive.names if SLIDE.fullmatch(name))
    if not content_type.endswith("document"):
        return 0
    said = texts(archive, EXTENDED, {f"{namespace} Pages": "pages" for namespace in EXTENDED_NAMESPACES})
    return number(said.get("pages", ""))


def open_count(archive: Archive, content_type: str) -> int:
    found = [0]

    def counted(element: str, attributes: Attributes) -> None:
        if element.endswith(":page") and element.startswith("draw"):
            found[0] += 1
        elif element.endswith(":document-statistic"):
            found[0] = number(named(attributes, "page-count"))

    if content_type.endswith("text"):
        look(archive, META, counted)
    elif content_type.endswith("presentation"):
        look(archive, CONTENT, counted)
    return found[0]


def of_styles(archive: Archive, name: str) -> str:
    """The language in which text is, unless it says otherwise."""
    found: list[str] = []

    def told(element: str, attributes: Attributes) -> None:
        local = element.rpartition(":")[2]
        if found or local not in {"lang", "text-properties"}:
            return
        if local == "lang":
            found.append(named(attributes, "val"))
        elif (tag := named(attributes, "language")) not in NO_LANGUAGE:
            country = named(attributes, "country")
            found.append(tag if country in NO_LANGUAGE else f"{tag}-{country}")

    look(archive, name, told)
    return next((tag for tag in found if tag.lower() not in NO_LANGUAGE), "")


def texts(archive: Archive, name: str, wanted: dict[str, str]) -> dict[str, str]:
    if name not in archive.by_name:
        return {}
    try:
        return xml.texts(archive.read(name), wanted)
    except Malformed:
        return {}


def look(archive: Archive, name: str, begin: xml.Begin) -> None:
    if name not in archive.by_name:
        return
    try:
        xml.read(archive.read(name), name, begin)
    except Malformed:
        return


def number(said: str) -> int:
    text = said.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else 0
