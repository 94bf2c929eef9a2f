"""The way into a parser, for a process of its own: nothing here may be imported that decodes anything."""

from __future__ import annotations

import mmap

from server.formats import types
from server.formats.polyglots import check_beginning

MEMORY = 512 << 20
"""Bytes of address space that a file may take, decoders and interpreter included."""
PARSERS = ("server.formats.images.structure", "server.formats.pdf", "server.formats.office", "server.formats.text")
"""What the process imports before it is bounded."""


def parse(path: str, content_type: str) -> None:
    """Goes through the file, which is of the media type by its first bytes. Raises Malformed."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if content_type in types.TEXT.values():
            from server.formats import text  # noqa: PLC0415

            text.parse(data)
            return
        check_beginning(data, content_type)
        if content_type in types.IMAGES:
            from server.formats.images import structure as images  # noqa: PLC0415

            images.parse(path, data, content_type)
        elif content_type == types.PDF:
            from server.formats import pdf  # noqa: PLC0415

            pdf.parse(path, data)
        else:
            from server.formats import office  # noqa: PLC0415

            office.parse(path, data, content_type)
