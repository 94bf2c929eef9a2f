"""HTML as trees that are compared: what is a block, what runs on in a line, and how each is written again."""

from __future__ import annotations

import re
from html import escape
from typing import Any, NamedTuple

from lxml import etree
from lxml import html as lxml_html

from server.content.rendering.markup import BLOCKS, HEADINGS, SECTIONS, TABLES

Element = Any
"""lxml's."""

OF_BLOCKS = SECTIONS | HEADINGS | BLOCKS | TABLES
VOID = {"br", "col", "hr", "img", "wbr"}
UNWRAPPED = {"caption", "colgroup", "dd", "dt", "figcaption", "li", "summary", "tbody", "td", "tfoot", "th", "thead", "tr"}
"""What may stand in its parent alone: `<ins>` goes into it, and not around it."""
MARKS = {"ins": "u", "del": "s"}
"""What a text marks so itself is something else here."""
PARSER = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
SPACE = re.compile(r"\s+")


class Line(NamedTuple):
    """What runs on between blocks, as HTML."""

    html: str
    key: str
    """The same without ids."""
    text: str


class Block(NamedTuple):
    """What stands for itself."""

    element: Element
    key: str
    text: str

    @property
    def tag(self) -> str:
        return str(self.element.tag)


Item = Line | Block


class Tree:
    """One text. Its ids are kept beside it: they are no part of what is compared."""

    def __init__(self, html: str, *, keeps_ids: bool) -> None:
        self.root = parsed(html)
        self.ids: dict[Element, str] = {}
        for element in self.root.iter():
            element.tag = MARKS.get(element.tag, element.tag)
            id = element.attrib.pop("id", None)
            if id is not None and keeps_ids:
                self.ids[element] = id

    def items(self, element: Element) -> list[Item]:
        """What is in an element, in order: blocks, and lines between them."""
        found: list[Item] = []
        line: list[Element | str] = []

        def end_line() -> None:
            if any(not isinstance(part, str) or part.strip() for part in line):
                found.append(self.line(line))
            line.clear()

        if element.text:
            line.append(element.text)
        for child in element:
            if child.tag in OF_BLOCKS or any(each.tag in OF_BLOCKS for each in child.iterdescendants()):
                end_line()
                found.append(Block(child, plain(child), " ".join(child.itertext())))
            else:
                line.append(child)
            if child.tail:
                line.append(child.tail)
        end_line()
        return found

    def line(self, parts: list[Element | str]) -> Line:
        key = "".join(escape(each, quote=False) if isinstance(each, str) else plain(each) for each in parts)
        html = "".join(escape(each, quote=False) if isinstance(each, str) else self.written(each) for each in parts)
        text = "".join(each if isinstance(each, str) else text_of(each) for each in parts)
        return Line(html, key, text)

    def written(self, element: Element) -> str:
        """With its ids."""
        named = [each for each in element.iter() if each in self.ids] if self.ids else []
        for each in named:
            each.set("id", self.ids[each])
        try:
            return plain(element)
        finally:
            for each in named:
                del each.attrib["id"]

    def opened(self, element: Element) -> str:
        given = dict(element.attrib)
        if element in self.ids:
            given["id"] = self.ids[element]
        attributes = "".join(f' {name}="{escape(value)}"' for name, value in given.items())
        return f"<{element.tag}{attributes}>"

    def marked(self, item: Item, mark: str) -> str:
        """All of it as inserted or deleted."""
        if isinstance(item, Line):
            return f"<{mark}>{item.html}</{mark}>"
        if item.tag not in UNWRAPPED:
            return f"<{mark}>{self.written(item.element)}</{mark}>"
        inside = "".join(self.marked(each, mark) for each in self.items(item.element))
        return f"{self.opened(item.element)}{inside}</{item.tag}>"


def parsed(html: str) -> Element:
    """In an element of its own."""
    return lxml_html.fragment_fromstring(html, create_parent="div", parser=PARSER)


def inside(element: Element) -> str:
    """What is in an element, as HTML."""
    own = escape(element.text or "", quote=False)
    return own + "".join(str(lxml_html.tostring(child, encoding="unicode")) for child in element)


def plain(element: Element) -> str:
    return str(lxml_html.tostring(element, encoding="unicode", with_tail=False))


def text_of(element: Element) -> str:
    return "".join(element.itertext())


def words_of(html: str, without: str = "") -> str:
    """What can be read of it, and its images, leaving out what is marked `without`; spaces are all the same."""
    root = parsed(html)
    if without:
        etree.strip_elements(root, without, with_tail=False)
    images = "".join(f" {image.get('src', '')} " for image in root.iter("img"))
    return SPACE.sub("", text_of(root) + images)
