"""What is known of a document, as it says it of itself: cut and cleaned, so that it can be stored and shown."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

MAX_TITLE = 500
MAX_TEXT = 1 << 20
"""Bytes of a text that are kept."""
MAX_PAGES = 2**31 - 1
"""More than that nobody believes."""
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,5}")
"""A tag as BCP 47 has it, by its form."""
NEVER = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")
"""What no line of text holds: control characters, and halves of characters."""
NEVER_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""The same of a text, which has lines and pages."""
LINE_END = re.compile(r"\r\n?")


class DocumentFacts(NamedTuple):
    """As the contract's `DocumentFacts`."""

    page_count: int = 0
    title: str = ""
    language: str = ""
    is_tagged: bool = False

    def as_json(self) -> dict[str, Any]:
        """With the contract's names, and without what is not known."""
        named = {
            "pageCount": self.page_count if 0 < self.page_count <= MAX_PAGES else 0,
            "title": line(self.title),
            "language": language(self.language),
            "isTagged": self.is_tagged,
        }
        return {name: value for name, value in named.items() if value}


class Text(NamedTuple):
    """What a file says, and whether it goes on."""

    text: str
    is_truncated: bool


NO_TEXT = Text("", is_truncated=False)


def line(said: str) -> str:
    """One line of text, without what is between its words but spaces."""
    return " ".join(NEVER.sub(" ", said).split())[:MAX_TITLE]


def language(said: str) -> str:
    """Empty for what is no tag: it could not be looked up anyhow."""
    tag = said.strip().replace("_", "-")
    return tag if LANGUAGE.fullmatch(tag) else ""


def cleaned(said: str, *, is_truncated: bool = False) -> Text:
    """A text of at most so many bytes, with lines that end as lines do here, and nothing that no database takes."""
    text = NEVER_IN_TEXT.sub("", LINE_END.sub("\n", said))
    whole = text.encode()
    if len(whole) <= MAX_TEXT:
        return Text(text, is_truncated)
    return Text(whole[:MAX_TEXT].decode(errors="ignore"), is_truncated=True)
