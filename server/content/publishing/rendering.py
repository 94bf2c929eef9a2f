"""Markdown and HTML to the HTML that the public gets: once, at publication. Sanitising is nh3's alone.

What may stay is what a government's pages are made of: structure, tables, figures, abbreviations, addresses, language and
direction, classes and ids. Nothing stays that runs, loads or poses as the site itself: scripts, handlers, styles, frames,
forms, `data-` attributes (they start a front end's modules), `name` (it shadows the page's own objects), and `cite` (a link
that no browser shows and nh3 does not check).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import nh3
from markdown_it import MarkdownIt

from gazette.content.v1.document_pb2 import BodyFormat

LARGE = 5_000
"""Characters from which on a text is rendered off the event loop: this many take 60 ms at the worst."""

SECTIONS = {"address", "article", "aside", "details", "div", "footer", "header", "nav", "section", "summary"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
BLOCKS = {"blockquote", "dd", "dl", "dt", "figcaption", "figure", "hr", "li", "ol", "p", "pre", "ul"}
TABLES = {"caption", "col", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"}
PHRASES = {"a", "abbr", "b", "bdi", "bdo", "br", "cite", "code", "del", "dfn", "em", "i", "img", "ins", "kbd", "mark", "q"}
PHRASES |= {"rp", "rt", "ruby", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr"}
ANYWHERE = {"class", "id", "lang", "dir", "title", "role"}
ATTRIBUTES = {
    "*": ANYWHERE,
    "a": {"href", "hreflang", "type"},
    "col": {"span"},
    "colgroup": {"span"},
    "del": {"datetime"},
    "details": {"open"},
    "img": {"src", "alt", "width", "height", "loading"},
    "ins": {"datetime"},
    "li": {"value"},
    "ol": {"start", "reversed", "type"},
    "td": {"colspan", "rowspan", "headers"},
    "th": {"colspan", "rowspan", "headers", "scope", "abbr"},
    "time": {"datetime"},
}
DROPPED_WHOLE = frozenset(
    {"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "select", "textarea", "title"}
)


def loadable(tag: str, attribute: str, value: str) -> str | None:
    """An image comes from http or https; what a link may also name (mailto, tel) loads none."""
    is_image = (tag, attribute) == ("img", "src")
    return None if is_image and value.strip().lower().startswith(("mailto:", "tel:")) else value


cleaner = nh3.Cleaner(
    tags=SECTIONS | HEADINGS | BLOCKS | TABLES | PHRASES,
    clean_content_tags=DROPPED_WHOLE,
    attributes=ATTRIBUTES,
    attribute_filter=loadable,
    generic_attribute_prefixes={"aria-"},
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel="noopener",
)
markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def sanitised(html: str) -> str:
    return cleaner.clean(html)


def rendered(body: str, body_format: int) -> str:
    return sanitised(body if body_format == BodyFormat.BODY_FORMAT_HTML else markdown.render(body))


async def render(
    body: str, body_format: int, details: dict[str, Any], html_members: Iterable[str]
) -> tuple[str, dict[str, Any]]:
    """The body as sanitised HTML, and the details with the members that hold HTML sanitised."""
    members = [pointer for pointer in html_members if pointer]

    def both() -> tuple[str, dict[str, Any]]:
        return rendered(body, body_format), sanitised_members(details, members)

    return await asyncio.to_thread(both) if members or len(body) > LARGE else both()


def sanitised_members(details: dict[str, Any], pointers: Iterable[str]) -> dict[str, Any]:
    """The details with every string that a pointer names sanitised. They themselves are left as they are."""
    result: Any = details
    for pointer in pointers:
        result = replaced(result, [unescaped(part) for part in pointer.split("/")[1:]], sanitised)
    assert isinstance(result, dict)
    return result


def replaced(value: Any, parts: list[str], change: Callable[[str], str]) -> Any:
    """A copy of a JSON value with the strings at this place changed. `*` names every element and member; a place that does not
    exist, and what is no string, is left alone."""
    if not parts:
        return change(value) if isinstance(value, str) else value
    first, rest = parts[0], parts[1:]
    if isinstance(value, dict):
        return {key: replaced(each, rest, change) if first in {"*", key} else each for key, each in value.items()}
    if isinstance(value, list):
        return [replaced(each, rest, change) if first in {"*", str(at)} else each for at, each in enumerate(value)]
    return value


def unescaped(part: str) -> str:
    """A reference token of a JSON Pointer (RFC 6901 section 4)."""
    return part.replace("~1", "/").replace("~0", "~")
