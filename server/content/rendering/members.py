"""The strings of `details` that hold HTML, as a content type names them (JSON Pointers with `*`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from server.content.rendering.markup import sanitised
from server.rpc.objects import LargeObject, Object, from_json, loaded

Change = Callable[[str, str], str]
"""What becomes of a string, given its place (`parts[0].body`) too."""


def sanitised_members(details: Object, pointers: Iterable[str]) -> Object:
    """The details with every string that a pointer names sanitised. They themselves are left as they are."""
    return changed_members(details, pointers, lambda text, _: sanitised(text))


def changed_members(details: Object, pointers: Iterable[str], change: Change) -> Object:
    result: Any = loaded(details)
    for pointer in pointers:
        result = replaced(result, [unescaped(part) for part in pointer.split("/")[1:]], change)
    assert isinstance(result, dict)
    return from_json(result) if isinstance(details, LargeObject) else result


def replaced(value: Any, parts: list[str], change: Change, place: str = "") -> Any:
    """A copy of a JSON value with the strings at this place changed. `*` names every element and member; a place that does not
    exist, and what is no string, is left alone."""
    if not parts:
        return change(value, place) if isinstance(value, str) else value
    first, rest = parts[0], parts[1:]
    if isinstance(value, dict):
        return {
            key: replaced(each, rest, change, f"{place}.{key}" if place else key) if first in {"*", key} else each
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [
            replaced(each, rest, change, f"{place}[{at}]") if first in {"*", str(at)} else each for at, each in enumerate(value)
        ]
    return value


def unescaped(part: str) -> str:
    """A reference token of a JSON Pointer (RFC 6901 section 4)."""
    return part.replace("~1", "/").replace("~0", "~")
