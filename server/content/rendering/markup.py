"""HTML to the HTML that the public gets. Sanitising is nh3's alone.

What may stay is what a government's pages are made of: structure, tables, figures, abbreviations, addresses, language and
direction, classes and ids. Nothing stays that runs, loads or poses as the site itself: scripts, handlers, styles, frames,
forms, `data-` attributes (they start a front end's modules), `name` (it shadows the page's own objects), and `cite` (a link
that no browser shows and nh3 does not check).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import nh3

from server.content.references.written import UUID, is_address
from server.content.rendering.tags import TOKEN, Tag

SECTIONS = {"address", "article", "aside", "details", "div", "footer", "header", "nav", "section", "summary"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
BLOCKS = {"blockquote", "dd", "dl", "dt", "figcaption", "figure", "hr", "li", "ol", "p", "pre", "ul"}
TABLES = {"caption", "col", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"}
PHRASES = {"a", "abbr", "b", "bdi", "bdo", "br", "cite", "code", "del", "dfn", "em", "i", "img", "ins", "kbd", "mark", "q"}
PHRASES |= {"rp", "rt", "ruby", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr"}
TAGS = SECTIONS | HEADINGS | BLOCKS | TABLES | PHRASES
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
ALIGNMENT = {"align": {"left", "right", "center", "justify"}}
VALUED = dict.fromkeys(("col", "colgroup", "tbody", "td", "tfoot", "th", "thead", "tr"), ALIGNMENT)
"""Attributes of which only these values stay. How a column is aligned is meant for reading figures, and `style` cannot stay."""
DROPPED_WHOLE = frozenset(
    {"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "select", "textarea", "title"}
)


BY_ID = ("document:", "file:")
RENDITION = rf"/v1/files/{UUID}/versions/[0-9]+/renditions/w[0-9]+\.webp"


def named(tag: str, attribute: str, value: str) -> str | None:
    """The same in a body, which names documents and files by their ids, too."""
    if attribute in {"href", "src"} and value.strip().lower().startswith(BY_ID):
        return value if is_address(tag, value) else None
    return loadable(tag, attribute, value)


def loadable(tag: str, attribute: str, value: str) -> str | None:
    """An image comes from http or https; what a link may also name (mailto, tel) loads none."""
    is_image = (tag, attribute) == ("img", "src")
    return None if is_image and value.strip().lower().startswith(("mailto:", "tel:")) else value


PICTURES = {"srcset": re.compile(rf"{RENDITION} [0-9]+w(, {RENDITION} [0-9]+w)*"), "sizes": re.compile(r"auto, [0-9]+(px|vw)")}
"""What a page says of an image that comes from a file, beside what its author may say of it."""


def put_together(tag: str, attribute: str, value: str) -> str | None:
    """The same in a page, which shows files in several sizes."""
    if (form := PICTURES.get(attribute)) is not None:
        return value if form.fullmatch(value) else None
    return loadable(tag, attribute, value)


SCHEMES = {"http", "https", "mailto", "tel"}


def cleaner_of(
    attribute_filter: Callable[[str, str, str], str | None],
    schemes: set[str],
    attributes: Mapping[str, set[str]] = ATTRIBUTES,
) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=TAGS,
        clean_content_tags=DROPPED_WHOLE,
        attributes=attributes,
        attribute_filter=attribute_filter,
        tag_attribute_values=VALUED,
        generic_attribute_prefixes={"aria-"},
        url_schemes=schemes,
        link_rel="noopener",
    )


cleaner, body_cleaner = cleaner_of(loadable, SCHEMES), cleaner_of(named, {*SCHEMES, "document", "file"})
page_cleaner = cleaner_of(put_together, SCHEMES, {**ATTRIBUTES, "img": {*ATTRIBUTES["img"], *PICTURES}})
CELL_ALIGNMENT = re.compile(r"\s*text-align\s*:\s*(left|right|center|justify)\s*;?\s*", re.IGNORECASE)
ALIGNS = re.compile(rf"(?:^|;){CELL_ALIGNMENT.pattern}(?:;|$)", re.IGNORECASE)
STYLED = re.compile("text-align", re.IGNORECASE)
IMAGE = re.compile(r"<img(?=[ >])(?![^>]* src=\"\s*[^\s\"])[^>]*>")
ALTERNATIVE = re.compile(r' alt="([^"]*)"')


def sanitised(html: str, *, is_body: bool = False) -> str:
    """Harmless. An image that has no source any more is its alternative text. A body may name documents and files by id."""
    return cleaned(html, body_cleaner if is_body else cleaner)


def is_sanitised(html: str) -> bool:
    """Whether sanitising what a page serves changes nothing."""
    return cleaned(html, page_cleaner) == html


def cleaned(html: str, by: nh3.Cleaner) -> str:
    clean: str = by.clean(with_alignment(html) if STYLED.search(html) else html)
    return IMAGE.sub(alternative, clean) if "<img" in clean else clean


def with_alignment(html: str) -> str:
    """Cells that a style aligns have the attribute instead, which may stay."""
    return TOKEN.sub(aligned, html)


def aligned(match: re.Match[str]) -> str:
    written = match["attributes"]
    if not written or match["name"].lower() not in {"td", "th"}:
        return match[0]
    attributes = Tag(match["name"], written, 0).attributes()
    side = ALIGNS.search(attributes.get("style", ""))
    if side is None or "align" in attributes:
        return match[0]
    return f'<{match["name"]} align="{side[1].lower()}" {written}>'


def alternative(match: re.Match[str]) -> str:
    """As text of sanitised HTML: in its attributes, only quotes are written in another way."""
    text = ALTERNATIVE.search(match[0])
    return text[1].replace("&quot;", '"') if text else ""
