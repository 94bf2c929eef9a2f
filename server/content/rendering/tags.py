"""Tags of HTML as authors write it, found as the HTML standard tokenises it (section 13.2.5), in one pass."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

RAW_TEXT = "script|style|textarea|title|iframe|xmp|noembed|noframes"
"""Elements whose text holds no tags."""
ATTRIBUTES = r"""(?:[^>=]++|=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>"'][^\s>]*+)?+)*+"""
TOKEN = re.compile(
    rf"<!--(?:-?>|.*?(?:--!?>|\Z))|<(?P<odd>!\[CDATA\[|\?)|<(?P<raw>{RAW_TEXT})(?=[\s/>])(?P<raw_attributes>{ATTRIBUTES})"
    rf"(?:>|\Z)(?:.*?(?:</(?P=raw)(?=[\s/>])|\Z))|<(?P<name>[a-z][^\s/>]*+)(?P<attributes>{ATTRIBUTES})(?:>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
"""Every alternative matches to the end of the text if its own end is missing, so that nothing is looked at twice."""
ATTRIBUTE = re.compile(r"""([^\s/>=]+)(?:\s*+=\s*+(?:"([^"]*+)"?|'([^']*+)'?|([^\s>]++)))?+""")


class Tag(NamedTuple):
    """One that begins an element, or what poses as one."""

    name: str
    """In lower case; `![CDATA[` and `?` for what is neither, and `!--` for a comment that is never ended."""
    written: str
    """What stands between the name and the end."""
    position: int
    is_ended: bool = True
    """Whether it ends before the text does. If not, all that follows is a part of it, for a browser too."""

    def attributes(self) -> dict[str, str]:
        """By name, in lower case; of one that comes twice the first holds."""
        found: dict[str, str] = {}
        for match in ATTRIBUTE.finditer(self.written):
            value = match[2] or match[3] or match[4] or ""
            found.setdefault(match[1].lower(), html.unescape(value) if "&" in value else value)
        return found


def tags_of(text: str) -> Iterator[Tag]:
    for match in TOKEN.finditer(text):
        is_ended = match.end() < len(text) or text.endswith(("-->", "--!>") if match[0].startswith("<!--") else ">")
        if name := match["odd"] or match["raw"] or match["name"]:
            yield Tag(name.lower(), match["raw_attributes"] or match["attributes"] or "", match.start(), is_ended)
        elif not is_ended:
            yield Tag("!--", "", match.start(), is_ended)
