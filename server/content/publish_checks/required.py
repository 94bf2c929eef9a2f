"""Which members of `details` a content type's schema requires, as pointers: what JSON Schema says of properties, items and
references within it, as deep as documents go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from server.content.publish_checks.examining import escaped, unescaped

MAX_DEPTH = 6
MAX_STEPS = 2_000
"""Parts of a schema that are looked at."""
MAX_POINTERS = 200


def required(schema: Mapping[str, Any]) -> list[str]:
    """JSON Pointers with `*` for the elements of arrays, in the schema's order, each once."""
    budget = [MAX_STEPS]
    return [*dict.fromkeys(pointers(schema, schema, "", MAX_DEPTH, budget))][:MAX_POINTERS]


def pointers(schema: Any, whole: Mapping[str, Any], at: str, depth: int, budget: list[int]) -> Iterator[str]:
    budget[0] -= 1
    if not isinstance(schema, Mapping) or depth < 0 or budget[0] < 0:
        return
    reference = schema.get("$ref")
    if isinstance(reference, str):
        yield from pointers(resolved(reference, whole), whole, at, depth - 1, budget)
    parts = schema.get("allOf")
    for each in parts if isinstance(parts, list) else ():
        yield from pointers(each, whole, at, depth - 1, budget)
    properties = schema.get("properties")
    names = schema.get("required")
    if isinstance(names, list):
        yield from (f"{at}/{escaped(name)}" for name in names if isinstance(name, str))
    if isinstance(properties, Mapping):
        for name, each in properties.items():
            yield from pointers(each, whole, f"{at}/{escaped(name)}", depth - 1, budget)
    items = schema.get("items")
    if isinstance(items, Mapping):
        yield from pointers(items, whole, f"{at}/*", depth - 1, budget)


def resolved(reference: str, whole: Mapping[str, Any]) -> Any:
    """What a reference within the schema names; None for any other."""
    if not reference.startswith("#"):
        return None
    value: Any = whole
    for part in reference[1:].split("/")[1:]:
        value = value.get(unescaped(part)) if isinstance(value, Mapping) else None
    return value
