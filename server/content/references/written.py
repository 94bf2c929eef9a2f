"""How authors write that a body refers to something by its id, and how a rendered body says so.

A body is rendered once, when it is saved, and what it refers to by id stays as it is written: `document:…` and `file:…` as
addresses, a block as an element of its own. What stands in their place on a page is decided when that is published, and each
time that it is refreshed (`showing`). No author can write these elements: sanitising drops them.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
FIELD = "document.body"
ADDRESS = re.compile(rf"(?:document:{UUID}(?:#[\w.~-]+)?|file:{UUID})")
"""What a link may lead to; an image comes from a file."""
MAX_LINKS = 2_000
"""Links by id in a body: each is looked up when the page is published, and again when it is refreshed."""
MAX_BLOCKS = 100

LINK = re.compile(
    rf'<(?P<tag>a|img) (?P<before>[^>]*?)(?P<name>href|src)="(?P<kind>document|file):(?P<id>{UUID})(?P<rest>#[^"]*)?"'
)
"""Of sanitised HTML, in which no attribute has a `>`."""
PICTURE = re.compile(rf'(?P<before><p>\s*)?<img [^>]*?src="file:(?P<id>{UUID})"[^>]*>(?P<after>\s*</p>)?')
"""The same, with the paragraph that it may have to itself."""
SHOWN_FILE = re.compile(rf'<img (?P<before>[^>]*?)src="file:(?P<id>{UUID})"(?P<after>[^>]*)>')
"""An image that comes from a file, with its other attributes."""
MARK = re.compile(rf"\[\[block:({UUID})\]\]")
TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)[^>]*>")
BLOCK, WORDS = "gazette-block", "gazette-words"
"""The element in whose place a block is shown; and the one that is within a line."""
ELEMENT = re.compile(rf'<(?P<name>{BLOCK}|{WORDS}) id="(?P<id>{UUID})"></(?P=name)>')
ALONE = re.compile(rf'<p>\s*<{WORDS} id="({UUID})"></{WORDS}>\s*</p>')
HOLDING = "article|aside|blockquote|dd|details|div|figure|footer|header|li|nav|section|td|th"
ALONE_WITHIN = re.compile(rf'(<({HOLDING})(?: [^>]*)?>\s*)<{WORDS} id="({UUID})"></{WORDS}>(?=\s*</\2>)')
"""Where a block has a line, or an element that may hold paragraphs, to itself."""
LITERAL = {"code", "kbd", "pre", "samp", "var"}
"""Elements that show what is written."""


def spelt(html: str) -> str:
    """A rendered body with each block as authors name it, for who reads no page."""

    def written(match: re.Match[str]) -> str:
        mark = f"[[block:{match['id']}]]"
        return f"<p>{mark}</p>" if match["name"] == BLOCK else mark

    return ELEMENT.sub(written, html)


class Named(NamedTuple):
    """What a rendered body names by id, each once, in lower case."""

    documents: frozenset[str]
    files: tuple[str, ...]
    blocks: frozenset[str]


NOTHING = Named(frozenset(), (), frozenset())


def is_address(tag: str, url: str) -> bool:
    """Whether an address that an author gives a link or an image names something by its id."""
    return ADDRESS.fullmatch(url) is not None and (tag == "a" or url.startswith("file:"))


class Marked(NamedTuple):
    """A sanitised body with each block that it names as an element."""

    html: str
    links: int
    """How many links by id it has."""
    blocks: int
    left: int
    """How many marks of blocks stay as they are written, since they are within links."""


def marked(html: str) -> Marked:
    links = sum(1 for _ in LINK.finditer(html)) if "document:" in html or "file:" in html else 0
    if "[[block:" not in html:
        return Marked(html, links, 0, 0)
    parts: list[str] = []
    open_elements: Counter[str] = Counter()
    at = blocks = left = 0

    def put(text: str) -> None:
        nonlocal blocks, left
        if "[[block:" in text and not any(open_elements[name] > 0 for name in LITERAL):
            if open_elements["a"] > 0:
                left += len(MARK.findall(text))
            else:
                text, count = MARK.subn(element, text)
                blocks += count
        parts.append(text)

    for tag in TAG.finditer(html):
        put(html[at : tag.start()])
        parts.append(tag[0])
        at = tag.end()
        if tag[2] in LITERAL or tag[2] == "a":
            open_elements[tag[2]] += -1 if tag[1] else 1
    put(html[at:])
    html = ALONE.sub(rf'<{BLOCK} id="\1"></{BLOCK}>', "".join(parts))
    return Marked(ALONE_WITHIN.sub(rf'\1<{BLOCK} id="\3"></{BLOCK}>', html), links, blocks, left)


def element(match: re.Match[str]) -> str:
    return f'<{WORDS} id="{match[1].lower()}"></{WORDS}>'


def named(html: str) -> Named:
    """What a body names that was rendered and `marked`."""
    documents: dict[str, None] = {}
    files: dict[str, None] = {}
    if "document:" in html or "file:" in html:
        for match in LINK.finditer(html):
            (documents if match["kind"] == "document" else files)[match["id"].lower()] = None
    blocks = [match["id"] for match in ELEMENT.finditer(html)] if f"<{BLOCK} " in html or f"<{WORDS} " in html else []
    if not documents and not files and not blocks:
        return NOTHING
    return Named(frozenset(documents), tuple(files), frozenset(blocks))
