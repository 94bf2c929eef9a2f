"""How large what a document says is, as an answer shows it: what no answer could carry is refused when it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.content.failures import DocumentTooLarge
from server.content.rendering.bounds import prefix, size_of
from server.rpc.answers import MOST_OF_ONE
from server.rpc.objects import LargeObject, loaded

UUID_FIELD = 36 + 2
BESIDE = 2 << 10
"""Bytes of all that the server says of a document: ids, times, states, and the path once more."""
EXACT = ("title", "summary", "path", "body")


def sizes_of(words: Mapping[str, Any]) -> dict[str, int]:
    """Bytes of each part of what a document says, by its field. The details are not without their Struct if they are large."""
    sizes = {name: field(len(words[name].encode())) for name in EXACT}
    details = words["details"]
    sizes["details"] = size_of(details) if details else 0
    links = loaded(words["links"])
    sizes["links"] = sum(field(entry(kind) + field(UUID_FIELD * len(keys))) for kind, keys in links.items())
    sizes["tags"] = sum(field(len(tag.encode())) for tag in words["tags"])
    sizes["attachments"] = UUID_FIELD * len(words["attachments"])
    return sizes


def size(words: Mapping[str, Any]) -> int:
    """Bytes of all of it. Raises DocumentTooLarge, which names the largest part."""
    sizes = sizes_of(words)
    total = sum(sizes.values()) + BESIDE
    if total > MOST_OF_ONE:
        raise DocumentTooLarge(f"document.{max(sizes, key=lambda name: sizes[name])}", total, MOST_OF_ONE)
    return total


def is_counted(details: Any) -> bool:
    """Whether the size of details is known without walking through them."""
    return type(details) is not LargeObject or bool(details.struct)


def field(length: int) -> int:
    """Bytes of a field of so many."""
    return length + prefix(length)


def entry(key: str) -> int:
    """Bytes of a map's key."""
    return field(len(key.encode()))
