"""Which members of details hold HTML: what their schema says, and what they are seen to hold.

Both, since a schema that is not there says nothing, and a member that holds a tag in the next document may hold none in these.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from server.importer.sources import JSON

TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*(\s[^<>]*)?/?>")


def observed(value: Any, pointer: str = "", *, in_links: bool = False) -> Iterator[str]:
    """JSON Pointers of the strings that hold tags, with `*` for the elements of arrays and the members of `links`."""
    if isinstance(value, dict):
        for member, each in value.items():
            yield from observed(each, f"{pointer}/{'*' if in_links else token(member)}", in_links=member == "links")
    elif isinstance(value, list):
        for each in value:
            yield from observed(each, f"{pointer}/*")
    elif isinstance(value, str) and TAG.search(value):
        yield pointer


def declared(schema: JSON) -> set[str]:
    """JSON Pointers of the strings that a schema calls HTML, or lets come in several renditions."""
    return set(walk(schema, schema, "", ()))


def walk(node: Any, root: JSON, pointer: str, followed: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(node, dict):
        return
    reference = node.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/") and reference not in followed:
        yield from walk(resolved(root, reference), root, pointer, (*followed, reference))
    if "html" in str(node.get("description", "")).lower() and node.get("type", "string") == "string":
        yield pointer
    if is_renditions(node):
        yield from (pointer, f"{pointer}/*/content")
    for member, each in node.get("properties", {}).items():
        yield from walk(each, root, f"{pointer}/{token(member)}", followed)
    for each in (*node.get("patternProperties", {}).values(), node.get("items")):
        yield from walk(each, root, f"{pointer}/*", followed)
    for each in (*node.get("anyOf", ()), *node.get("allOf", ()), *node.get("oneOf", ())):
        yield from walk(each, root, pointer, followed)


def is_renditions(node: JSON) -> bool:
    """Whether a schema is that of one text in several content types."""
    items = node.get("items")
    return isinstance(items, dict) and {"content_type", "content"} <= items.get("properties", {}).keys()


def resolved(root: JSON, reference: str) -> Any:
    """What a reference within the schema leads to; None for what is not there."""
    node: Any = root
    for part in reference.split("/")[1:]:
        node = node.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(node, dict) else None
    return node


def token(member: str) -> str:
    """A reference token of a JSON Pointer (RFC 6901 section 3)."""
    return member.replace("~", "~0").replace("/", "~1") or "*"
