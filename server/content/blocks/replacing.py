"""What a block becomes within a page: pure."""

from __future__ import annotations

import re

import nh3

from server.content.references.written import BLOCK, ELEMENT, TAG

IN_LINE = {
    "a", "abbr", "b", "bdi", "bdo", "br", "cite", "code", "del", "dfn", "em", "i", "img", "ins", "kbd", "mark", "q", "rp", "rt",
    "ruby", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr",
}  # fmt: skip
"""What stays of a block within a line: what paragraphs are made of."""
PARAGRAPHS = re.compile(r"\s*</(?:p|li|dd|dt|div|h[1-6]|tr)>\s*(?=<)")
ID, TO_ID = re.compile(r' id="([^"]+)"'), re.compile(r' href="#([^"]+)"')
cleaner = nh3.Cleaner(
    tags=IN_LINE,
    attributes={
        "*": {"class", "lang", "dir", "title", "role"},
        "a": {"href", "hreflang", "type"},
        "img": {"src", "alt", "width", "height", "loading"},
        "time": {"datetime"},
    },
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel="noopener",
)


def with_blocks(html: str, blocks: dict[str, str]) -> str:
    """The body with what the blocks that it names say, of which each must be among these, by the id that it is named by."""
    ready: dict[tuple[str, str], str] = {}

    def replaced(match: re.Match[str]) -> str:
        name, id = match["name"], match["id"]
        if (name, id) not in ready:
            said = with_own_ids(blocks[id], f"b{id[-12:]}-")
            ready[name, id] = said.strip() if name == BLOCK else in_line(said)
        return ready[name, id]

    return ELEMENT.sub(replaced, html)


def with_own_ids(html: str, prefix: str) -> str:
    """What a block calls its parts is no other part's name on the page."""
    if ' id="' not in html and ' href="#' not in html:
        return html

    def renamed(tag: re.Match[str]) -> str:
        return TO_ID.sub(rf' href="#{prefix}\1"', ID.sub(rf' id="{prefix}\1"', tag[0]))

    return TAG.sub(renamed, html)


def in_line(html: str) -> str:
    """What may stand within a line: words, links and emphasis. Paragraphs and the like become lines."""
    clean: str = cleaner.clean(PARAGRAPHS.sub("<br>", html.strip()))
    return re.sub(r"^(?:\s|<br>)+|(?:\s|<br>)+$", "", clean)
