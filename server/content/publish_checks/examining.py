"""What the texts of a revision hold that checks find, as far as the revision itself says it: a plain function, for a process of
its own where it may take long."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

from gazette.content.v1.document_pb2 import BodyFormat
from gazette.content.v1.publish_check_pb2 import PublishCheck as Check
from server.content.publish_checks.findings import BODY, DETAILS, Findings, Place
from server.content.publish_checks.languages import Scripts, check_tags
from server.content.publish_checks.outline import Element, Outline, outline
from server.content.publish_checks.readability import Readability, Reading
from server.content.publish_checks.sources import Source
from server.content.publish_checks.structure import check_faked_headings, check_headings, check_images, check_tables
from server.content.publish_checks.wording import Wording, links_of
from server.rpc.objects import Object, loaded

SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//|[/\\]{2}|\\", re.IGNORECASE)
"""How an address begins that is none of this site."""
MOST_ADDRESSES = 500
"""Different addresses of this site that are asked about, of the first of a document's links."""
MOST_LINES = 100
"""Of those, how many are looked for in what was written, in case they lead nowhere."""
TOP = {"", "top"}
"""Places that every page has."""


class Subject(NamedTuple):
    """A revision, and how it is to be looked at. It goes to other processes."""

    body: str
    body_format: int
    html: str
    details: Object
    html_details: Object | None
    html_members: Sequence[str]
    """JSON Pointers with `*`."""
    required: Sequence[str]
    """The same, of members that are not to be empty texts."""
    locale: str
    origin: str
    """`https://…`, which the site's own links may begin with."""
    thresholds: Mapping[int, int]


class Link(NamedTuple):
    """Where links of a text lead, to a path of this site; the first of them, and how many."""

    address: str
    place: Place
    element: str
    said: str
    line: int
    times: int


class Examined(NamedTuple):
    """What was found."""

    findings: Findings
    reading: Reading
    links: Sequence[Link]


def examined(subject: Subject) -> Examined:
    findings, links = Findings(), Links(subject.origin)
    wording, scripts = Wording(subject.locale), Scripts(subject.locale)
    readability = Readability(subject.locale, subject.thresholds[Check.PUBLISH_CHECK_SENTENCE_LONG])
    for place, html, source in texts(subject):
        found = outline(html)
        check_images(found, source, place, findings)
        check_headings(found, source, place, findings)
        check_faked_headings(found, source, place, findings)
        check_tables(found, source, place, findings)
        check_tags(found, source, place, findings)
        wording.check(found, source, place, findings)
        scripts.check(found, source, place)
        readability.check(found, source, place, findings)
        links.note(found, source, place)
    scripts.conclude(findings)
    readability.conclude(subject.thresholds[Check.PUBLISH_CHECK_READING_LEVEL], findings)
    links.check_anchors(findings)
    check_members(subject, findings)
    return Examined(findings, readability.reading, links.listed())


def texts(subject: Subject) -> Iterator[tuple[Place, str, Source]]:
    """Each text of the revision: as it was rendered, and as it was written."""
    is_html = subject.body_format == BodyFormat.BODY_FORMAT_HTML
    yield Place(BODY), subject.html, Source(subject.body, is_html=is_html)
    if not (subject.details and subject.html_members):
        return
    written, seen = loaded(subject.details), set[str]()
    shown = written if subject.html_details is None else loaded(subject.html_details)
    for pointer in subject.html_members:
        for place, html in strings(shown, pointer):
            if place.pointer in seen:
                continue
            seen.add(place.pointer)
            yield place, html, Source(at(written, place.pointer), is_html=True)


def strings(details: Any, pointer: str) -> Iterator[tuple[Place, str]]:
    """The strings that a pointer names, in the order of the details, each with its place."""
    yield from below(details, [unescaped(part) for part in pointer.split("/")[1:]], DETAILS, "")


def below(value: Any, parts: Sequence[str], field: str, pointer: str) -> Iterator[tuple[Place, str]]:
    if not parts:
        if isinstance(value, str):
            yield Place(field, pointer), value
        return
    first, rest = parts[0], parts[1:]
    if isinstance(value, dict):
        for key in value if first == "*" else [first]:
            if key in value:
                yield from below(value[key], rest, f"{field}.{key}", f"{pointer}/{escaped(key)}")
    elif isinstance(value, list):
        for number, each in enumerate(value):
            if first in {"*", str(number)}:
                yield from below(each, rest, f"{field}[{number}]", f"{pointer}/{number}")


def at(value: Any, pointer: str) -> str:
    """The string at a pointer without `*`."""
    for part in pointer.split("/")[1:]:
        value = value[int(part)] if isinstance(value, list) else value[unescaped(part)]
    return str(value)


def escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def check_members(subject: Subject, findings: Findings) -> None:
    """Those members that the schema requires say something. What is missing, the schema itself refuses."""
    if not (subject.details and subject.required):
        return
    details = loaded(subject.details)
    for pointer in subject.required:
        for place, text in strings(details, pointer):
            if not text.strip():
                message = "the content type requires the member, and it is empty"
                findings.add(Check.PUBLISH_CHECK_MEMBER_EMPTY, message, place)


class Links:
    """Where links of a document's texts lead, as far as that is this site."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.known: dict[str, Link] = {}
        self.ids: set[str] = set()
        self.anchors: list[tuple[str, Element, Source, Place]] = []

    def note(self, found: Outline, source: Source, place: Place) -> None:
        self.ids |= found.ids
        for each in links_of(found):
            address = each.attributes.get("href", "").strip()
            if address.startswith("#"):
                self.anchors.append((address, each, source, place))
            elif (path := self.path(address)) is not None:
                self.add(path, each, source, place)

    def path(self, address: str) -> str | None:
        """The address without the site's own name; None for one of another site."""
        if self.origin and address.startswith(self.origin) and address[len(self.origin) :][:1] in {"", "/", "?", "#"}:
            return address[len(self.origin) :] or "/"
        return None if not address or SCHEME.match(address) else address

    def add(self, address: str, link: Element, source: Source, place: Place) -> None:
        known = self.known.get(address)
        if known is not None:
            self.known[address] = known._replace(times=known.times + 1)
        elif len(self.known) < MOST_ADDRESSES:
            line = source.line_of(link) if len(self.known) < MOST_LINES else 0
            self.known[address] = Link(address, place, link.xpath, link.label, line, 1)

    def check_anchors(self, findings: Findings) -> None:
        for address, link, source, place in self.anchors:
            name = address[1:]
            if name.casefold() in TOP or not self.ids.isdisjoint((name, unquote(name))):
                continue
            check = Check.PUBLISH_CHECK_ANCHOR_DEAD
            line = source.line_of(link) if findings.has_room(check) else 0
            message = f"the link leads to {address[:80]}, and nothing on the page has that id"
            findings.add(check, message, place, link.xpath, link.label, line)

    def listed(self) -> list[Link]:
        return [*self.known.values()]
