"""What a text's HTML holds, read in one pass. It is HTML that nh3 has written: every attribute is quoted, every element ended,
and every `<` and `>` that is no tag's is escaped."""

from __future__ import annotations

import html as entities
import re
from collections import Counter
from dataclasses import dataclass, field

from server.content.references.written import BLOCK, WORDS

TOKEN = re.compile(r"<(/?)([a-z][a-z0-9-]*)([^>]*)>|([^<]+)")
ATTRIBUTE = re.compile(r'([^\s=>"]+)(?:="([^"]*)")?')
VOID = {"br", "col", "hr", "img", "wbr"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
BLOCKS = HEADINGS | {
    "address", "article", "aside", "blockquote", "caption", "dd", "details", "div", "dl", "dt", "figcaption", "figure",
    "footer", "header", "hr", "li", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "ul",
}  # fmt: skip
"""Elements that begin and end a run of text."""
CODE = {"code", "kbd", "pre", "samp", "var"}
DECORATIVE_ROLES = {"presentation", "none"}
CONTENT = {"img", "hr", "table", BLOCK, WORDS}
"""Elements that are something, whether they hold text or not. Blocks say what they do when they are published."""
MOST_OF_A_NAME = 400
"""Characters of what a heading, a link or a cell says that are looked at."""


class Element:
    """One that a check asks about."""

    __slots__ = ("attributes", "begin", "name", "number", "said", "time")

    def __init__(self, name: str, number: int, attributes: dict[str, str], begin: int) -> None:
        self.name, self.number, self.attributes, self.begin = name, number, attributes, begin
        self.said = ""
        """Its text, with the alternative texts of its images; cut."""
        self.time = 1
        """The how manieth it is of those of its name that lead to the same address, or say the same."""

    @property
    def xpath(self) -> str:
        return f"(//{self.name})[{self.number}]"

    @property
    def label(self) -> str:
        """What it is called, whatever it says."""
        return (self.attributes.get("aria-label") or self.said).strip()


@dataclass(slots=True)
class Heading:
    """A heading, and whether anything stands between it and the next one."""

    element: Element
    level: int
    is_followed: bool = False


@dataclass(slots=True)
class Table:
    """A table. `headers` are those of its cells that are, with whether each is in the first corner."""

    element: Element
    cells: int = 0
    headers: list[tuple[Element, bool]] = field(default_factory=list)
    has_caption: bool = False

    @property
    def is_layout(self) -> bool:
        return self.element.attributes.get("role") in DECORATIVE_ROLES


@dataclass(slots=True)
class Run:
    """Text of one block that no other block interrupts."""

    block: str
    number: int
    """Of the block among those of its name; 0 for what stands in none."""
    text: str
    marked: bool
    """Whether some of it, which `own` leaves out, is in a language that its markup says."""
    own: str
    is_code: bool
    is_bold: bool
    """Whether all of it is bold."""
    path: tuple[str, ...]
    """The blocks that it is in, from the outermost."""


@dataclass(slots=True)
class Outline:
    """All that checks ask about."""

    images: list[Element] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    links: list[Element] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    languages: list[Element] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)


def outline(html: str) -> Outline:
    return Reader().read(html) if html else Outline()


class Reader:
    """The state of one pass."""

    def __init__(self) -> None:
        self.found = Outline()
        self.numbers: Counter[str] = Counter()
        self.stack: list[tuple[str, Element | None, bool]] = []
        """Open elements, and whether each says its language."""
        self.blocks: list[tuple[str, int]] = []
        self.names: list[str] = []
        """All text and alternative texts, in pieces, of which headings, links and cells say what lies between two."""
        self.times: Counter[tuple[str, str]] = Counter()
        self.open_tables: list[Table] = []
        self.depths: Counter[str] = Counter()
        """How deep in code, in bold, in text of another language, in headings."""
        self.begin_run()

    def begin_run(self) -> None:
        self.text: list[str] = []
        self.own: list[str] = []
        self.code = self.bold = 0
        """Pieces of the run that are so."""
        self.pieces = 0

    def read(self, html: str) -> Outline:
        for closing, name, written, text in TOKEN.findall(html):
            if text:
                self.words(text)
            elif closing:
                self.end(name)
            else:
                self.start(name, written)
        self.flush()
        return self.found

    def words(self, written: str) -> None:
        text = entities.unescape(written) if "&" in written else written
        self.names.append(text)
        self.text.append(text)
        if not self.depths["language"]:
            self.own.append(text)
        if text.isspace():
            return
        self.pieces += 1
        self.code += bool(self.depths["code"])
        self.bold += bool(self.depths["bold"])
        if self.found.headings and not self.depths["heading"]:
            self.found.headings[-1].is_followed = True

    def flush(self) -> None:
        """Ends the run of text that is under way."""
        if self.pieces:
            block, number = self.blocks[-1] if self.blocks else ("", 0)
            self.found.runs.append(
                Run(
                    block,
                    number,
                    " ".join("".join(self.text).split()),
                    len(self.own) < len(self.text),
                    " ".join("".join(self.own).split()),
                    self.code == self.pieces,
                    self.bold == self.pieces,
                    tuple(name for name, _ in self.blocks),
                )
            )
        self.begin_run()

    def start(self, name: str, written: str) -> None:
        self.numbers[name] += 1
        if name in BLOCKS:
            self.flush()
            self.names.append(" ")
        attributes = attributes_of(written) if written else {}
        element = Element(name, self.numbers[name], attributes, len(self.names)) if self.is_asked_about(name) else None
        if "id" in attributes:
            self.found.ids.add(attributes["id"])
        says_language = "lang" in attributes
        if says_language:
            self.found.languages.append(element or Element(name, self.numbers[name], attributes, 0))
        if name in CONTENT and self.found.headings and not self.depths["heading"]:
            self.found.headings[-1].is_followed = True
        if name == WORDS:
            self.names.append(" [[block]] ")
        if element is not None:
            self.note(element)
        if name in {"br", "wbr"}:
            self.text.append(" ")
            self.own.append(" ")
        if name in VOID:
            return
        self.stack.append((name, element, says_language))
        self.count(name, 1, says_language=says_language)
        if name in BLOCKS:
            self.blocks.append((name, self.numbers[name]))

    def is_asked_about(self, name: str) -> bool:
        return name in {"img", "a", "table", "td", "th", "caption"} or name in HEADINGS

    def note(self, element: Element) -> None:
        match element.name:
            case "img":
                self.know(element, "src")
                self.found.images.append(element)
                if alternative := element.attributes.get("alt"):
                    self.names.append(f" {alternative} ")
            case "a":
                if "href" in element.attributes:
                    self.know(element, "href")
                    self.found.links.append(element)
            case "table":
                self.open_tables.append(Table(element))
                self.found.tables.append(self.open_tables[-1])
            case "td" | "th" | "caption":
                self.of_table(element)
            case _:
                self.found.headings.append(Heading(element, int(element.name[1])))

    def know(self, element: Element, attribute: str) -> None:
        key = element.name, element.attributes.get(attribute, "")
        self.times[key] += 1
        element.time = self.times[key]

    def of_table(self, element: Element) -> None:
        if not self.open_tables:
            return
        table = self.open_tables[-1]
        if element.name == "caption":
            table.has_caption = True
            return
        if element.name == "th":
            table.headers.append((element, table.cells == 0))
        table.cells += 1

    def end(self, name: str) -> None:
        while self.stack:
            ended, element, says_language = self.stack.pop()
            if ended in BLOCKS:
                self.flush()
                self.blocks.pop()
            self.count(ended, -1, says_language=says_language)
            if element is not None:
                element.said = self.said(element.begin)
                if ended in HEADINGS:
                    self.times["h", element.said] += 1
                    element.time = self.times["h", element.said]
                if ended == "table" and self.open_tables:
                    self.open_tables.pop()
            if ended == name:
                return

    def count(self, name: str, step: int, *, says_language: bool) -> None:
        if name in CODE:
            self.depths["code"] += step
        elif name in {"b", "strong"}:
            self.depths["bold"] += step
        elif name in HEADINGS:
            self.depths["heading"] += step
        if says_language:
            self.depths["language"] += step

    def said(self, begin: int) -> str:
        parts, length = [], 0
        for at in range(begin, len(self.names)):
            parts.append(self.names[at])
            length += len(self.names[at])
            if length >= MOST_OF_A_NAME:
                break
        return " ".join("".join(parts).split())[:MOST_OF_A_NAME]


def attributes_of(written: str) -> dict[str, str]:
    return {name: entities.unescape(value) for name, value in ATTRIBUTE.findall(written)}
