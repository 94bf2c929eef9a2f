"""What sanitising leaves out of a text, named with its line. It is what `markup` lets stay, asked tag by tag."""

from __future__ import annotations

import html as entities
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyromark

from server.content.rendering import notices as kinds
from server.content.rendering.bounds import LABEL, definitions, folded
from server.content.rendering.commonmark import OPTIONS
from server.content.rendering.govspeak import prose
from server.content.rendering.markup import ATTRIBUTES, CELL_ALIGNMENT, DROPPED_WHOLE, TAGS, VALUED, sanitised
from server.content.rendering.notices import Notices, shown
from server.content.rendering.tags import Tag, tags_of
from server.rpc.texts import characters

UNSEEN_ELEMENTS = {"html", "head", "body"}
"""Tags that stand for what a page has anyway."""
OF_THE_WHOLE = {"lang", "dir"}
"""What those tags say of all that is in them."""
UNSEEN_ATTRIBUTES = {"rel", "cite", "xmlns"}
"""Attributes that change nothing for readers: nh3 sets `rel` itself."""
EMPTY = {"area", "base", "col", "embed", "input", "link", "meta", "param", "source", "track", "frame"}
ONLY_IN_TABLES = {"caption", "col", "colgroup", "tbody", "td", "tfoot", "th", "thead", "tr"}
ORDINARY_URL = re.compile(r"https?://(?:[a-z0-9-]+\.)+[a-z]{2,}(?:[/?#]|\Z)|(?:mailto|tel):|[\w.-]*(?:[/?#]|\Z)", re.I | re.A)
"""What nh3 need not be asked about. No relative address has a colon before its first slash."""
SOURCES = re.compile(r"(?:mailto|tel):", re.IGNORECASE)
OPENING = re.compile(r"<([a-z]+)")
NOT_PLAIN = re.compile(rf"<(?!/?(?:{'|'.join(sorted(TAGS))})\s*/?>|/)", re.IGNORECASE)
"""A tag that has attributes, or that does not stay."""
BAR = re.compile(rb"(?<!\\)\|")
HIDING = DROPPED_WHOLE - {"script", "style", "textarea", "title", "iframe"}
"""Elements whose tags are not shown as such, but which hold tags."""
HIDDEN_END = re.compile(rf"</(?:{'|'.join(sorted(HIDING))})[\s>]", re.IGNORECASE)
PART_OF_TABLE = re.compile(rf"<(?:{'|'.join(sorted(ONLY_IN_TABLES))})[\s>/]", re.IGNORECASE)
COMMENTS = {"#", "", "<>"}
"""Where a link leads that is written as a comment: `[//]: # (…)`."""
DEFINES = re.compile(r"^ {0,3}\[([^\[\]^][^\[\]]{0,998})\]:[ \t]*(.*?)[ \t]*$", re.MULTILINE)
CODE = re.compile(r"<(code|pre|kbd|samp)[ >].*?</\1>", re.DOTALL)
HEADLESS = re.compile(r"<p>(\|[^\n]*)\|\n\|[^\n]*\|(?:\n|</p>)")
"""What kramdown takes for a table."""
ESCAPED = re.compile(r"\\\[\^([^\]\s<>]{1,100})\]")
UNDEFINED = re.compile(r"\[\^([^\]\s<>]{1,100})\]")

MAX_SCHEME = 40

LineOf = Callable[[int], int]


def without_unfit(clean: str, found: Notices) -> str:
    """HTML without what stands in no text (`docs/text.md`): as characters it was refused, so an entity has brought it in."""
    if clean.isascii() and not characters.has_controls(clean.encode()):
        return clean
    for character in sorted(set(characters.UNFIT_ALONE.findall(clean))):
        found.add(kinds.CHARACTER_DROPPED, f"{characters.name(character)} is left out", count=clean.count(character))
    return characters.UNFIT_ALONE.sub("", clean)


def name_losses(html: str, clean: str, found: Notices) -> None:
    """Of HTML that an author wrote, and what sanitising made of it."""
    if NOT_PLAIN.search(html):
        name_tags(html, found, lines_of(html))
    name_misplaced(html, clean, found)


def name_markdown_losses(markdown: str, lines: Sequence[int], found: Notices) -> None:
    """Of Markdown as the parser gets it. The lines are those on which each of its lines was written.

    The HTML in it is put together again, each piece on its own line: a tag may reach over several.
    """
    if not any(each in markdown for each in ("<", "](", "]:", "{", "|")):
        return
    source = markdown.encode()
    line_of = lines_of(source)
    pieces: list[str] = []
    at, columns = 1, 0
    # As values of any kind: an event is one of a score of shapes.
    events: Iterable[tuple[Any, Any]] = pyromark.events_with_range(markdown, options=OPTIONS)
    for event, place in events:
        if not isinstance(event, dict):
            continue
        if raw := event.get("Html") or event.get("InlineHtml"):
            line = line_of(place["start"])
            pieces.append("\n" * (line - at) + raw)
            at = max(line, at) + raw.count("\n")
        elif (start := event.get("Start")) == "TableRow":
            if (number := cells_of(source[place["start"] : place["end"]])) > columns:
                message = "a row has more cells than its table has columns; they are left out"
                found.add(kinds.CELL_DROPPED, message, written(line_of(place["start"]), lines), number - columns)
        elif isinstance(start, dict):
            columns = len(start.get("Table", ())) or columns
            for reason, message in losses_of(start):
                found.add(reason, message, written(line_of(place["start"]), lines))
    if pieces:
        skeleton = "".join(pieces)
        line_in = lines_of(skeleton)
        name_tags(skeleton, found, lambda position: written(line_in(position), lines))


def written(line: int, lines: Sequence[int]) -> int:
    """On which line of the author's text it was."""
    return lines[line - 1] if lines and line else line


def losses_of(start: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What Markdown's own links, images and headings lose."""
    if (link := start.get("Link")) is not None:
        if link["link_type"] != "Email" and not is_kept("a", link["dest_url"], is_body=True):
            yield kinds.LINK_DROPPED, link_dropped(link["dest_url"])
    elif (image := start.get("Image")) is not None:
        if not is_kept("img", image["dest_url"], is_body=True):
            yield kinds.IMAGE_DROPPED, image_dropped(image["dest_url"])
    elif (heading := start.get("Heading")) is not None:
        for name, _ in heading["attrs"]:
            yield kinds.ATTRIBUTE_DROPPED, f"the attribute {shown(name)} of a heading is left out"


def cells_of(row: bytes) -> int:
    """As GitHub counts them: each bar divides that is not escaped, also in code."""
    bars = row.strip().removeprefix(b"|")
    ends = BAR.findall(bars)
    return len(ends) + (not bars.endswith(b"|") or bars.endswith(b"\\|")) if bars else 0


def name_tags(html: str, found: Notices, line_of: LineOf) -> None:
    end = 0
    for tag in tags_of(html):
        if tag.position < end:
            continue
        if tag.name in HIDING:
            end = end_of(tag, html) if end >= 0 else -1
        if not tag.is_ended and tag.name not in DROPPED_WHOLE:
            what = "a comment" if tag.name == "!--" else f"<{shown(tag.name)}"
            message = f"{what} is never ended: all that follows is left out"
            found.add(kinds.ELEMENT_DROPPED, message, line_of(tag.position))
        elif tag.name not in TAGS:
            if tag.name not in UNSEEN_ELEMENTS:
                found.add(kinds.ELEMENT_DROPPED, dropped(tag), line_of(tag.position))
            for name in sorted(OF_THE_WHOLE & tag.attributes().keys() if tag.name in UNSEEN_ELEMENTS else ()):
                found.add(kinds.ATTRIBUTE_DROPPED, attribute_dropped(tag, name), line_of(tag.position))
        elif tag.written.strip(" \n\t\r\f/"):
            name_attributes(tag, found, line_of)


def end_of(tag: Tag, html: str) -> int:
    """Where what it holds ends, which goes with it; -1 if nothing ends any such element, to be asked once."""
    match = HIDDEN_END.search(html, tag.position)
    return match.start() if match else -1


def name_attributes(tag: Tag, found: Notices, line_of: LineOf) -> None:
    attributes = tag.attributes()
    for name, value in attributes.items():
        if (tag.name, name) == ("a", "href"):
            if not is_kept("a", value, is_body=found.is_body):
                found.add(kinds.LINK_DROPPED, link_dropped(value), line_of(tag.position))
        elif (tag.name, name) == ("img", "src"):
            if value.strip() and not is_kept("img", value, is_body=found.is_body):
                found.add(kinds.IMAGE_DROPPED, image_dropped(value), line_of(tag.position))
        elif not is_kept_attribute(tag.name, name, value):
            which = "data-…" if name.startswith("data-") else shown(name)
            found.add(kinds.ATTRIBUTE_DROPPED, attribute_dropped(tag, which), line_of(tag.position))
    if tag.name == "img" and not attributes.get("src", "").strip():
        found.add(kinds.IMAGE_DROPPED, image_dropped(""), line_of(tag.position))


def attribute_dropped(tag: Tag, which: str) -> str:
    return f"the attribute {which} of <{tag.name}> is left out"


def link_dropped(url: str) -> str:
    return f"a link to {scheme_of(url)} leads nowhere; its text stays"


def image_dropped(url: str) -> str:
    source = f"from {scheme_of(url)}" if url else "without a source"
    return f"an image {source} is left out; its alternative text stays"


def scheme_of(url: str) -> str:
    """What of an address says why it is left out, so that all of a kind are named once."""
    scheme, colon, _ = url.strip().partition(":")
    return f"{shown(scheme)}:" if colon and len(scheme) < MAX_SCHEME else shown(url)


def name_misplaced(html: str, clean: str, found: Notices) -> None:
    """Parts of tables outside of tables, which no browser shows as such."""
    if PART_OF_TABLE.search(html) is None:
        return
    written = Counter(tag.name for tag in tags_of(html) if tag.name in ONLY_IN_TABLES)
    kept = Counter(name for name in OPENING.findall(clean) if name in ONLY_IN_TABLES)
    for name, number in sorted(written.items()):
        if number > kept[name]:
            message = f"<{name}> is left out where it is not in a table, or in what is left out itself"
            found.add(kinds.ELEMENT_MISPLACED, message, count=number - kept[name])


def name_unused(markdown: str, lines: Sequence[int], clean: str, found: Notices) -> None:
    """Definitions that nothing refers to, whose text is nowhere then, and footnotes that nothing defines."""
    if "]:" in markdown:
        name_definitions(markdown, lines, found)
    if (count := len(HEADLESS.findall(clean))) and (bars := HEADLESS.search(clean)):
        message = (
            "lines between bars are a table below a head and a line of dashes alone; they stand in the text as they are written"
        )
        at = markdown.find(entities.unescape(bars[1]))
        found.add(kinds.MARK_NOT_RENDERED, message, written(lines_of(markdown)(at) if at >= 0 else 0, lines), count)
    if "[^" in clean:
        name_undefined(markdown, lines, CODE.sub("", clean), found)


def name_undefined(markdown: str, lines: Sequence[int], text: str, found: Notices) -> None:
    """References to footnotes in the text that became none, unless their author says that they are none."""
    escaped = Counter(ESCAPED.findall(markdown))
    places: dict[str, int] = {}
    for match in UNDEFINED.finditer(markdown):
        places.setdefault(match[1], match.start())
    line_of = lines_of(markdown)
    for label, count in sorted(Counter(UNDEFINED.findall(text)).items()):
        if count <= escaped[label]:
            continue
        message = f"[^{shown(label)}] is no footnote, since nothing defines it; it stands in the text as it is written"
        line = line_of(places[label]) if label in places else 0
        found.add(kinds.FOOTNOTE_UNDEFINED, message, written(line, lines))


def name_definitions(markdown: str, lines: Sequence[int], found: Notices) -> None:
    """Of links: those that nothing refers to, and those that say otherwise what was said before."""
    used = Counter(folded(label) for label in LABEL.findall(markdown))
    times = Counter(folded(label) for label, _ in DEFINES.findall(markdown))
    said = Counter(folded(label) for label, _ in {*DEFINES.findall(markdown)})
    if times and said.most_common(1)[0][1] > 1:
        written_lines = markdown.split("\n")
        text = "\n".join(written_lines[at] for at in prose(written_lines))
        said = Counter(folded(label) for label, _ in {*DEFINES.findall(text)})
    line_of = None
    for label, to in definitions(markdown).items():
        name = folded(label)
        is_used = used[name] > max(times[name], 1)
        if to["dest"] in COMMENTS or (is_used and said[name] <= 1):
            continue
        line_of = line_of or lines_of(markdown.encode())
        message = f"nothing refers to [{shown(label)}], so what it is defined as is left out"
        if is_used:
            message = f"[{shown(label)}] is defined again further down, which is left out; the first definition holds"
        found.add(kinds.DEFINITION_UNUSED, message, written(line_of(to["span"]["start"]), lines))


def dropped(tag: Tag) -> str:
    if tag.name in {"![cdata[", "?"}:
        return f"<{tag.name.upper()} is left out"
    if tag.name in DROPPED_WHOLE:
        return f"<{shown(tag.name)}> is left out with all that it holds"
    return f"<{shown(tag.name)}> is left out" + ("" if tag.name in EMPTY else "; what it holds stays")


def is_kept_attribute(tag: str, name: str, value: str = "") -> bool:
    if name in ATTRIBUTES["*"] or name in ATTRIBUTES.get(tag, ()) or name in UNSEEN_ATTRIBUTES or name.startswith("aria-"):
        return True
    if tag in VALUED and name in VALUED[tag]:
        return value.lower() in VALUED[tag][name]
    return name == "style" and tag in {"td", "th"} and CELL_ALIGNMENT.fullmatch(value) is not None


def is_kept(tag: str, url: str, *, is_body: bool) -> bool:
    """Whether nh3 leaves an address where it is."""
    if tag == "img" and (not url.strip() or SOURCES.match(url.strip())):
        return False
    if ORDINARY_URL.match(url):
        return True
    return f'{"src" if tag == "img" else "href"}="' in sanitised(
        f'<{tag} {"src" if tag == "img" else "href"}="{entities.escape(url)}">', is_body=is_body
    )


def lines_of(text: str | bytes) -> LineOf:
    """Tells the line of a position."""
    each = re.finditer("\n", text) if isinstance(text, str) else re.finditer(b"\n", text)
    ends = [match.start() for match in each]
    return lambda position: bisect_right(ends, position - 1) + 1
