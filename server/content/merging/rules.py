"""Which etags there may have been, and how much is merged without another process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.rpc.objects import LargeObject

FEW_CHARACTERS, FEW_LINES = 60_000, 300
"""Of the three texts together: some ten milliseconds at the worst."""
FEW_ELEMENTS = 600
DIGITS = 9


def terms_of(etag: str) -> int | None:
    """The version of the content type that an etag names; None where it names none (`fields.document_etag`)."""
    return number(etag.partition(".")[2])


def version_of(etag: str) -> int | None:
    """The version that an etag names; None if no document ever had it."""
    version, point, terms = etag.partition(".")
    return None if point and number(terms) is None else number(version)


def number(text: str) -> int | None:
    """A number from 1 on, as it is written; None for all else."""
    if not (text.isascii() and text.isdecimal() and len(text) <= DIGITS):
        return None
    found = int(text)
    return found if found and str(found) == text else None


def is_small(*sides: Mapping[str, Any]) -> bool:
    """Whether these can be merged on the event loop."""
    if any(isinstance(each[name], LargeObject) for each in sides for name in ("details", "links")):
        return False
    texts = [each[name] for each in sides for name in ("body", "summary")]
    strings = [*strings_of([each["details"] for each in sides])]
    elements = sum(len(each["tags"]) + len(each["attachments"]) + sum(map(len, each["links"].values())) for each in sides)
    texts += strings
    return (
        sum(map(len, texts)) <= FEW_CHARACTERS
        and sum(text.count("\n") for text in texts) <= FEW_LINES
        and elements <= FEW_ELEMENTS
    )


def strings_of(value: Any) -> list[str]:
    """All strings in a JSON value that holds few."""
    if isinstance(value, dict):
        return [text for each in value.values() for text in strings_of(each)]
    if isinstance(value, list):
        return [text for each in value for text in strings_of(each)]
    return [value] if isinstance(value, str) else []
