"""The way into a parser, for a process of its own: nothing here may be imported that decodes anything."""

from __future__ import annotations

import errno
import mmap
from typing import Any, NamedTuple

from server.formats import types
from server.formats.polyglots import check_beginning

MEMORY = 512 << 20
"""Bytes of address space that a file may take, decoders and interpreter included."""
PARSERS = (
    "server.formats.images.structure", "server.formats.documents", "server.formats.pdf.structure", "server.formats.pdf.texts",
    "server.formats.office.facts", "server.formats.office.texts", "server.formats.zips", "server.formats.text",
)  # fmt: skip
"""What the process imports before it is bounded."""
SECONDS = 2.0
"""Of CPU time for a file."""
TEXT_BYTES_A_SECOND = 25_000_000
"""Text alone takes the longer the more there is of it."""


class Findings(NamedTuple):
    """What was found in a file that is sound."""

    content_type: str
    facts: dict[str, Any]
    """`image` or `document`, as the contract's messages say it in JSON; empty where nothing is known."""
    text: str | None = None
    """What it says, where that was looked for."""
    is_truncated: bool = False
    """Whether the text goes on."""
    is_cleaned: bool = False
    """Whether the same without what is nobody's business was written to `cleaned_path`."""


def seconds(content_type: str, size: int) -> float:
    """Of CPU time, for a file of this type and so many bytes."""
    return SECONDS + (size / TEXT_BYTES_A_SECOND if content_type in types.TEXT.values() else 0.0)


def parse(path: str, content_type: str, cleaned_path: str = "") -> Findings:
    """Goes through the file, which is of the media type by its first bytes. Where a path is given for it, what is left of an
    image without its metadata is written there. Raises Malformed."""
    with open(path, "rb") as file:
        if content_type in types.TEXT.values():
            from server.formats import text  # noqa: PLC0415

            said = text.parse(file)
            return Findings(content_type, {}, said.text, said.is_truncated)
        with mapped(file.fileno()) as data:
            return parse_mapped(path, data, content_type, cleaned_path)


def parse_mapped(path: str, data: mmap.mmap, content_type: str, cleaned_path: str) -> Findings:
    check_beginning(data, content_type)
    if content_type in types.IMAGES:
        from server.formats.images import structure  # noqa: PLC0415

        pictured = structure.parse(path, data, content_type, cleaned_path)
        return Findings(content_type, {"image": pictured.facts}, is_cleaned=pictured.is_cleaned)
    from server.formats import documents  # noqa: PLC0415

    found = documents.parse(path, data, content_type)
    if found.text is None:
        return Findings(content_type, found.as_json())
    return Findings(content_type, found.as_json(), found.text.text, found.text.is_truncated)


def mapped(descriptor: int) -> mmap.mmap:
    """Raises MemoryError for what is longer than a process may have."""
    try:
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    except OSError as error:
        if error.errno == errno.ENOMEM:
            raise MemoryError from error
        raise
