"""Markdown with front matter. What is written stays as it is, but for where links and images lead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyromark

from server.importer.pages import fronts
from server.importer.pages.page import Page, Retarget

OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_FOOTNOTES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_HEADING_ATTRIBUTES
    | pyromark.Options.ENABLE_DEFINITION_LIST
)
MARKDOWN = pyromark.Markdown(options=OPTIONS)
INLINE = re.compile(rb"\]\(\s*(<[^<>\n]*>|(?:[^\s()\\]|\\.|\([^\s()]*\))+)")
DEFINITION = re.compile(rb"\]:\s*(<[^<>\n]*>|\S+)")
ATTRIBUTE = re.compile(rb"""\b(?:href|src)\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
ALT = re.compile(rb"""\balt\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)


def events(body: str) -> Iterator[tuple[Any, Any]]:
    """What a parser finds in a text, with the bytes where it stands."""
    yield from MARKDOWN.events_with_range(body)


class Edit(NamedTuple):
    """Bytes of the text that become others."""

    start: int
    end: int
    text: bytes


def read(file: Path) -> Page:
    """Raises Refused."""
    front, body, unknown = fronts.split(file)
    page = Page(front, body, is_markdown=True)
    page.notes += [f"its front matter says {name}, for which a document has no field" for name in unknown]
    if not front.title:
        title, page.body = without_heading(body)
        page.front = front._replace(title=title)
    return page


def without_heading(body: str) -> tuple[str, str]:
    """The heading of the first level at the beginning of a text, and the text without it."""
    raw, title, end = body.encode(), "", None
    for event, span in events(body):
        if end is None:
            if not isinstance(event, dict) or event.get("Start", {}) == {} or not is_heading(event["Start"]):
                return "", body
            end = span["end"]
        elif isinstance(event, dict) and "End" in event and span["end"] == end and is_end(event["End"]):
            break
        elif isinstance(event, dict):
            title += next((event[kind] for kind in ("Text", "Code") if kind in event), "")
        elif event in {"SoftBreak", "HardBreak"}:
            title += " "
    if not title.strip() or end is None:
        return "", body
    return title.strip(), raw[end:].decode().lstrip("\r\n")


def is_heading(start: Any) -> bool:
    return isinstance(start, dict) and start.get("Heading", {}).get("level") == "H1"


def is_end(end: Any) -> bool:
    return isinstance(end, dict) and "Heading" in end


def retargeted(body: str, retarget: Retarget) -> str:
    """The text, with its links and images leading where they are on the site."""
    raw = body.encode()
    edits = {each.start: each for each in found(body, raw, retarget)}
    parts, at = [], 0
    for start in sorted(edits):
        parts += [raw[at:start], edits[start].text]
        at = edits[start].end
    return b"".join([*parts, raw[at:]]).decode()


def found(body: str, raw: bytes, retarget: Retarget) -> Iterator[Edit]:
    open_ones: list[tuple[dict[str, Any], int, int, list[str]]] = []
    last = 0
    for event, span in events(body):
        if not isinstance(event, dict):
            continue
        (kind, value), start, end = next(iter(event.items())), span["start"], span["end"]
        if kind == "Start" and isinstance(value, dict) and (of := value.get("Link") or value.get("Image")):
            open_ones.append((of, start, end, []))
            last = start + 1
        elif kind == "End" and open_ones and open_ones[-1][1:3] == (start, end):
            of, start, end, texts = open_ones.pop()
            if of["link_type"] == "Inline":
                yield from replaced(INLINE, raw, min(last, end), end, retarget, "".join(texts))
            last = end
        elif kind in {"Html", "InlineHtml"}:
            yield from attributes(raw, start, end, retarget)
            last = end
        else:
            last = end
        if kind in {"Text", "Code"}:
            for _, _, _, texts in open_ones:
                texts.append(value)
    for of in MARKDOWN.reference_definitions(body).values():
        start, end = of["span"]["start"], of["span"]["end"]
        yield from replaced(DEFINITION, raw, start, end, retarget, "")


def replaced(pattern: re.Pattern[bytes], raw: bytes, start: int, end: int, retarget: Retarget, name: str) -> Iterator[Edit]:
    match = pattern.search(raw, start, end)
    if match is None:
        return
    said = match[1].decode()
    target = said[1:-1] if said.startswith("<") else re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", said)
    instead = retarget(target, name)
    if instead is not None:
        yield Edit(match.start(1), match.end(1), instead.encode())


def attributes(raw: bytes, start: int, end: int, retarget: Retarget) -> Iterator[Edit]:
    alt = ALT.search(raw, start, end)
    name = (alt[1] or alt[2] or b"").decode() if alt else ""
    for match in ATTRIBUTE.finditer(raw, start, end):
        at = 1 if match[1] is not None else 2
        instead = retarget(match[at].decode(), name)
        if instead is not None:
            yield Edit(match.start(at), match.end(at), instead.encode())
