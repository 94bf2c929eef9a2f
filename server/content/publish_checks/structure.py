"""Images, headings, sections and tables of one text."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from gazette.content.v1.publish_check_pb2 import PublishCheck as Check
from server.content.publish_checks.findings import BODY, Findings, Place
from server.content.publish_checks.outline import DECORATIVE_ROLES, Element, Heading, Outline, Run, Table
from server.content.publish_checks.sources import Source

MAX_FAKED = 80
"""Characters of a bold paragraph that may be meant as a heading."""
ENDS_OF_SENTENCES = (".", ",", ";", "!", "…", "。")
RUNNING_BLOCKS = {"", "p", "div", "section", "article"}
"""Where a bold paragraph stands as a heading would."""
EXTENSION = re.compile(r"\.(?:png|jpe?g|gif|webp|svg|avif|bmp|tiff?|heic)\Z", re.IGNORECASE)
EMPTY_ALTERNATIVES = {
    "image", "picture", "photo", "photograph", "graphic", "icon", "logo", "img", "alt", "alt text",
    "delwedd", "llun", "bild", "foto", "grafik", "imagen", "gráfico", "photographie", "graphique",
}  # fmt: skip
"""What an image is anyway: en, cy, de, es, fr."""
FIRST_LEVEL_IN_MEMBERS = 3
"""A member of `details` may stand below a heading of its own, which the page's template makes."""


def check_images(found: Outline, source: Source, place: Place, findings: Findings) -> None:
    for each in found.images:
        if is_decorative(each, source):
            continue
        alternative = (each.attributes.get("alt") or "").strip() or each.attributes.get("aria-label", "").strip()
        if not alternative and not each.attributes.get("aria-labelledby"):
            message = "the image has no alternative text; if it is decorative, say so"
            add(findings, Check.PUBLISH_CHECK_IMAGE_WITHOUT_ALTERNATIVE, message, each, source, place)
        elif says_nothing(alternative, each.attributes.get("src", "")):
            message = "the alternative text does not say what the image shows"
            add(findings, Check.PUBLISH_CHECK_IMAGE_ALTERNATIVE_SAYS_NOTHING, message, each, source, place, alternative)


def is_decorative(image: Element, source: Source) -> bool:
    """Whether its author says that it shows nothing: by a role, or by an empty `alt` in a tag of HTML. The empty alternative of
    Markdown's own `![](…)` says only that nobody has thought of it."""
    attributes = image.attributes
    if attributes.get("role") in DECORATIVE_ROLES or attributes.get("aria-hidden") == "true":
        return True
    return attributes.get("alt") == "" and source.has_empty_alternative(attributes.get("src", ""))


def says_nothing(alternative: str, address: str) -> bool:
    plain = alternative.casefold().strip(" .:")
    file = unquote(urlsplit(address).path.rpartition("/")[2]) if address.isprintable() and "[" not in address else ""
    return plain in EMPTY_ALTERNATIVES or EXTENSION.search(plain) is not None or plain == file.casefold()


def check_headings(found: Outline, source: Source, place: Place, findings: Findings) -> None:
    before, first = 1, 2 if place.field == BODY else FIRST_LEVEL_IN_MEMBERS
    for at, each in enumerate(found.headings):
        if not each.element.label:
            add(findings, Check.PUBLISH_CHECK_HEADING_EMPTY, "the heading says nothing", each.element, source, place)
        if each.level == 1:
            message = "the heading is of the first level, which is the title's"
            add(findings, Check.PUBLISH_CHECK_HEADING_LEVEL_ONE, message, each.element, source, place)
        if each.level > (first if at == 0 else before + 1):
            message = f"the heading is of level {each.level}, and the one before it is of level {before}"
            add(findings, Check.PUBLISH_CHECK_HEADING_LEVEL_SKIPPED, message, each.element, source, place)
        before = each.level
        if is_empty_section(each, found.headings[at + 1 : at + 2]):
            add(findings, Check.PUBLISH_CHECK_SECTION_EMPTY, "nothing stands below the heading", each.element, source, place)


def is_empty_section(heading: Heading, following: list[Heading]) -> bool:
    if heading.is_followed or not heading.element.label:
        return False
    return not following or following[0].level <= heading.level


def check_faked_headings(found: Outline, source: Source, place: Place, findings: Findings) -> None:
    for each in found.runs[:-1]:
        if looks_like_heading(each):
            element = f"(//p)[{each.number}]"
            line = source.line_of_words(each.text) if findings.has_room(Check.PUBLISH_CHECK_HEADING_FAKED) else 0
            message = "the paragraph is all bold, and looks like a heading; make it one"
            findings.add(Check.PUBLISH_CHECK_HEADING_FAKED, message, place, element, each.text, line)


def looks_like_heading(run: Run) -> bool:
    if run.block != "p" or not run.is_bold or len(run.text) > MAX_FAKED or run.text.endswith(ENDS_OF_SENTENCES):
        return False
    return RUNNING_BLOCKS.issuperset(run.path)


def check_tables(found: Outline, source: Source, place: Place, findings: Findings) -> None:
    for each in found.tables:
        if each.is_layout or not each.cells:
            continue
        if not any(header.label for header, _ in each.headers):
            message = "no cell of the table is a header that says something"
            add(findings, Check.PUBLISH_CHECK_TABLE_WITHOUT_HEADERS, message, each.element, source, place)
        else:
            check_headers(each, source, place, findings)
        if not each.has_caption and not each.element.attributes.get("aria-label"):
            message = "the table has no caption"
            add(findings, Check.PUBLISH_CHECK_TABLE_WITHOUT_CAPTION, message, each.element, source, place)


def check_headers(table: Table, source: Source, place: Place, findings: Findings) -> None:
    for header, is_corner in table.headers:
        if not header.label and not is_corner:
            message = "the table's header says nothing"
            check = Check.PUBLISH_CHECK_TABLE_HEADER_EMPTY
            line = source.line_of_words(table.element.said) if findings.has_room(check) else 0
            findings.add(check, message, place, header.xpath, table.element.said, line)


def add(
    findings: Findings, check: int, message: str, element: Element, source: Source, place: Place, excerpt: str = ""
) -> None:
    """Names the element, with its line if it is named at all."""
    line = source.line_of(element) if findings.has_room(check) else 0
    said = excerpt or element.attributes.get("src") or element.said or element.attributes.get("href", "")
    findings.add(check, message, place, element.xpath, said, line)
