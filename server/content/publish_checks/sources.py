"""Where in a text as it was written something is that was found in what was rendered of it. It is looked for by its words or
its address; 0 where these are not found as they stand."""

from __future__ import annotations

import html as entities
import re
from functools import cached_property
from itertools import islice

from server.content.publish_checks.outline import HEADINGS, Element
from server.content.rendering.losses import LineOf, lines_of
from server.content.rendering.tags import tags_of

WORD = re.compile(r"[^\W_]+")
WORDS = 8
"""Of a passage by which it is looked for."""
BETWEEN = r"(?:<[^<>\n]{0,100}+>|[\W_]){1,40}+"
"""What may stand between two of them: white space, and marks of Markdown or HTML."""
HEADING = r"(?:^[ \t>]{0,40}+#{1,6}+|<h[1-6][^<>\n]{0,100}+>)(?:<[^<>\n]{0,100}+>|[\W_]){0,40}+"
"""How one begins in Markdown and HTML."""
MAX_WORD = 60


class Source:
    """A text as its author wrote it."""

    def __init__(self, text: str, *, is_html: bool) -> None:
        self.text, self.is_html = text, is_html

    @cached_property
    def line(self) -> LineOf:
        return lines_of(self.text)

    @cached_property
    def empty_alternatives(self) -> set[str]:
        """The addresses of images that have an empty `alt` in a tag of HTML."""
        if "<img" not in self.text.lower():
            return set()
        images = (tag.attributes() for tag in tags_of(self.text) if tag.name == "img")
        return {each.get("src", "").strip() for each in images if each.get("alt") == ""}

    def has_empty_alternative(self, address: str) -> bool:
        return self.is_html or address.strip() in self.empty_alternatives

    def line_of(self, element: Element) -> int:
        address = element.attributes.get("src") or element.attributes.get("href")
        if address is not None and element.name in {"img", "a"}:
            return self.line_of_address(address, element.time)
        if element.name in HEADINGS:
            words = pattern_of(element.said)
            return (words and self.found(HEADING + words, element.time)) or self.line_of_words(element.said)
        return self.line_of_words(element.said)

    def line_of_address(self, address: str, time: int) -> int:
        for form in dict.fromkeys((address, entities.escape(address))):
            if form and (found := self.found(re.escape(form) + r"(?=[\"'>)\s]|\Z)", time)):
                return found
        return 0

    def line_of_words(self, words: str) -> int:
        pattern = pattern_of(words)
        return self.found(pattern) if pattern else 0

    def found(self, pattern: str, time: int = 1) -> int:
        """The line of the first place, or of a later one if there are so many."""
        each = next(islice(re.compile(pattern, re.MULTILINE).finditer(self.text), time - 1, None), None)
        return 0 if each is None else self.line(each.start())


def pattern_of(words: str) -> str:
    """Finds the first words of a passage; nothing where it has none."""
    return BETWEEN.join(re.escape(word[:MAX_WORD]) for word in WORD.findall(words)[:WORDS])
