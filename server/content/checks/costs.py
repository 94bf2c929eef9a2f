"""What it may cost, at the most, to check something against a JSON Schema: so what is cheap for certain is checked at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

MOST = 100_000
"""Schemas of more parts are not counted to the end."""
UNBOUNDED = {"unevaluatedItems", "unevaluatedProperties"}
"""Keywords that have parts of a schema checked again and again."""
MOVING = {"$dynamicRef", "$recursiveRef", "$id", "id"}
"""Keywords that make references mean something else than where they point to, if their value is a string."""
PATTERNS = {"pattern", "patternProperties", "format", "contentEncoding", "contentMediaType"}
COMPILED = "regex"
"""A format whose check compiles what it is given."""
MOST_COMPILING = 3_000
"""Characters of patterns that are compiled within some tens of milliseconds."""
UNICODE, UNICODE_COST = re.compile(r"\\[pPwWdDsSbB]|\(\?"), 50
REPETITION = re.compile(r"(\)?)\{(\d+)(?:,(\d*))?\}")


class Cost(NamedTuple):
    """A schema, with each reference replaced by what it refers to."""

    parts: int
    """No part is applied to any value twice, so parts times values bound the work."""
    patterns: int
    """How many of them read strings character by character."""


class Weight(NamedTuple):
    """How much there is to check."""

    values: int
    characters: int


def cost(schema: dict[str, Any]) -> Cost | None:
    """None if there is no bound, since it refers to itself, or none that is easily told."""
    try:
        return Count(schema).of(schema)
    except (Unbounded, RecursionError):
        return None


class Unbounded(Exception):
    """There is no bound."""


class Count:
    """Counts the parts of one schema, each reference's once."""

    def __init__(self, root: dict[str, Any]) -> None:
        self.root = root
        self.known: dict[str, Cost | None] = {}
        """None while it is being counted."""
        self.compiling = 0

    def of(self, value: Any) -> Cost:
        """Raises Unbounded."""
        parts, patterns = 1, 0
        for more in self.inside(value):
            parts, patterns = parts + more.parts, patterns + more.patterns
            if parts > MOST:
                raise Unbounded
        return Cost(parts, patterns)

    def inside(self, value: Any) -> Iterator[Cost]:
        if isinstance(value, dict):
            for name, each in value.items():
                if name in UNBOUNDED or (name in MOVING and isinstance(each, str) and value is not self.root):
                    raise Unbounded
                if name in PATTERNS:
                    yield self.pattern(name, each)
                if name == "$ref" and isinstance(each, str):
                    yield self.referred(each)
                elif name not in {"$defs", "definitions"} or value is not self.root:
                    yield self.of(each)
        elif isinstance(value, list):
            yield from map(self.of, value)

    def pattern(self, keyword: str, value: Any) -> Cost:
        """Raises Unbounded if the schema's patterns take long to be compiled, and where values are patterns."""
        texts = [*value] if isinstance(value, dict) else [value]
        if keyword == "format" and value == COMPILED:
            raise Unbounded
        for text in texts if keyword in {"pattern", "patternProperties"} else ():
            self.compiling += compiling(text) if isinstance(text, str) else 0
        if self.compiling > MOST_COMPILING:
            raise Unbounded
        return Cost(0, len(texts))

    def referred(self, reference: str) -> Cost:
        if reference not in self.known:
            self.known[reference] = None
            self.known[reference] = self.of(pointed(self.root, reference))
        found = self.known[reference]
        if found is None:
            raise Unbounded
        return found


def compiling(pattern: str) -> int:
    """What it costs to compile a pattern: its characters with repetitions written out. Classes of Unicode are large."""
    characters, groups = len(pattern), 1
    for is_group, low, high in REPETITION.findall(pattern):
        times = max(int(low), int(high or 0), 1)
        if is_group:
            groups *= times
        else:
            characters += times
    return characters * groups * (UNICODE_COST if UNICODE.search(pattern) else 1)


def pointed(root: Any, reference: str) -> Any:
    """What a reference within the schema refers to. Raises Unbounded if it is none that is told by a JSON Pointer alone."""
    if not reference.startswith("#") or "%" in reference or (reference != "#" and reference[1] != "/"):
        raise Unbounded
    found = root
    for part in reference.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        try:
            found = found[int(name)] if isinstance(found, list) else found[name]
        except (KeyError, IndexError, ValueError, TypeError):
            raise Unbounded from None
    return found


def weight(value: Any) -> Weight:
    """Of what JSON gives."""
    if isinstance(value, str):
        return Weight(1, len(value))
    values, characters = 1, 0
    if isinstance(value, dict):
        characters = sum(map(len, value))
        value = value.values()
    elif not isinstance(value, list):
        return Weight(1, 0)
    for each in value:
        more = weight(each)
        values, characters = values + more.values, characters + more.characters
    return Weight(values, characters)
