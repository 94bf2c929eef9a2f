"""HTML: the title, what is said of the page, and its main part."""

from __future__ import annotations

import codecs
import re
from html import escape
from pathlib import Path
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from server.importer import encodings
from server.importer.failures import Refused
from server.importer.pages.page import Front, Page, Retarget

MOST = 8 << 20
"""Bytes of a file. A body may have a million characters."""
DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:-]{1,40})""", re.IGNORECASE)
SEEN = 2048
"""Bytes in which a declaration of the encoding stands."""
CALLED = {"iso8859-1": "cp1252", "ascii": "cp1252"}
"""What browsers take an encoding for (WHATWG's Encoding, section 4.2)."""
LEADING = {"a": "href", "img": "src", "source": "src", "area": "href", "video": "src", "audio": "src"}
UNSAID = {"script", "style", "noscript", "template", "head"}


def read(file: Path) -> Page:
    """Raises Refused."""
    root = parsed(text_of(file))
    heads = root.xpath("//head//title")
    said = shown(heads[0]) if heads else ""
    main = main_of(root)
    headings = main.xpath(".//h1")
    title = shown(headings[0]) if len(headings) == 1 and shown(headings[0]) else said
    front = Front(title=title, summary=meta(root, "description"), locale=root.get("lang", "").strip())
    page = Page(front, "", is_markdown=False)
    if not title:
        raise Refused("has neither a title nor one heading of the first level")
    if len(headings) == 1 and title == shown(headings[0]):
        drop(headings[0])
        if said and title not in said:
            page.notes.append(f"its <title>, {said[:100]!r}, is left out: its heading is its title")
    if outside := len(words(root)) - len(words(main)):
        page.notes.append(f"{outside} characters outside of <{main.tag}> are left out")
    page.body = inner(main)
    return page


def text_of(file: Path) -> str:
    """Raises Refused. What is no UTF-8 is what it says it is."""
    try:
        if (size := file.stat().st_size) > MOST:
            raise Refused(f"has {size} bytes, and may have {MOST}")
        raw = file.read_bytes()
    except OSError as error:
        raise Refused(f"cannot be read: {error.strerror}") from None
    try:
        return encodings.text_of(file)
    except Refused as refused:
        declared = DECLARED.search(raw[:SEEN])
        try:
            codec = codecs.lookup(declared[1].decode()) if declared else None
            if codec is None or codec.name == "utf-8":
                raise
            return raw.decode(CALLED.get(codec.name, codec.name))
        except (LookupError, UnicodeDecodeError):
            raise refused from None


def parsed(text: str) -> Any:
    """Raises Refused for what the parser leaves out."""
    if not text.strip():
        raise Refused("is empty")
    parser = lxml_html.HTMLParser(remove_comments=True, remove_pis=True, encoding="utf-8")
    try:
        root = lxml_html.document_fromstring(text.encode(), parser=parser)
    except (etree.ParserError, ValueError) as error:
        raise Refused(f"is no HTML: {error}") from None
    if fatal := next((each for each in parser.error_log if each.level_name == "FATAL"), None):
        raise Refused(f"cannot be read whole: {fatal.message.partition(',')[0]}, in line {fatal.line}")
    return root


def main_of(root: Any) -> Any:
    """What a page is there for: its one main part, or one article, or else all of it."""
    for path in ("//main", "//*[@role='main']", "//article", "//body"):
        found = root.xpath(path)
        if len(found) == 1:
            return found[0]
    return etree.Element("body")  # nothing but a head


def shown(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


def words(element: Any) -> str:
    """All that it says to readers."""
    texts = element.xpath(".//text()[not(ancestor::script or ancestor::style or ancestor::noscript or ancestor::template)]")
    return "".join("".join(each.split()) for each in texts if each.getparent() is None or not in_head(each.getparent()))


def in_head(element: Any) -> bool:
    return any(each.tag == "head" for each in (element, *element.iterancestors()))


def meta(root: Any, name: str) -> str:
    found = root.xpath("//meta[translate(@name, 'DESCRIPTON', 'descripton') = $name]/@content", name=name)
    return " ".join(found[0].split()) if found else ""


def drop(element: Any) -> None:
    """Takes it out, but not what comes behind it."""
    element.drop_tree()


def inner(element: Any) -> str:
    """Its content as HTML."""
    parts = [lxml_html.tostring(each, encoding="unicode") for each in element]
    return (escape(element.text or "", quote=False) + "".join(parts)).strip()


def retargeted(body: str, retarget: Retarget) -> str:
    """The HTML, with its links and images leading where they are on the site."""
    if not body.strip():
        return body
    root = lxml_html.fragment_fromstring(body, create_parent="div")
    for element in root.iter(*LEADING):
        name = LEADING[element.tag]
        target = element.get(name)
        instead = retarget(target, element.get("alt", "")) if target else None
        if instead is not None:
            element.set(name, instead)
    return inner(root)
