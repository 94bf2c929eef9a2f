"""PDFs, documents of offices and archives: whether they are sound, what is known of them, and what they say."""

from __future__ import annotations

import mmap
from time import process_time
from typing import Any, NamedTuple

from server.formats import types
from server.formats.facts import DocumentFacts, Text

TEXT_SECONDS = 1.2
"""Of CPU time that a file may have taken when reading what it says is broken off: that is no reason to refuse it."""


class Found(NamedTuple):
    """In a sound file."""

    facts: DocumentFacts
    text: Text | None

    def as_json(self) -> dict[str, Any]:
        said = self.facts.as_json()
        return {"document": said} if said else {}


def parse(path: str, data: mmap.mmap, content_type: str) -> Found:
    """Raises Malformed."""
    until = process_time() + TEXT_SECONDS
    if content_type == types.PDF:
        from server.formats.pdf import structure, texts  # noqa: PLC0415

        return Found(structure.parse(path, data), texts.text(path))
    if content_type == types.ZIP:
        from server.formats import zips  # noqa: PLC0415

        zips.parse(path, data)
        return Found(DocumentFacts(), None)
    from server.formats.office import facts, texts as office_texts, structure as office  # noqa: PLC0415, I001

    archive = office.parse(path, data, content_type)
    return Found(facts.facts(archive, content_type), office_texts.text(archive, content_type, until))
