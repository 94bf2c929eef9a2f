"""The way into what makes images, for a process of its own: nothing here may be imported that decodes anything."""

from __future__ import annotations

from server.formats.wanted import Made, Wanted

MEMORY = 768 << 20
"""Bytes of address space that the process may have."""
DRAWERS = ("server.formats.images.renditions", "server.formats.pdf_page")
"""What it imports before it is bounded."""
CANNOT = "The file cannot be drawn, so there are no renditions of it."


def draw(path: str, content_type: str, wanted: Wanted) -> Made:
    """Of the image at this path, or of the first page of the PDF. Raises Malformed for what cannot be decoded."""
    from server.formats.images import renditions  # noqa: PLC0415

    return renditions.made(path, content_type, wanted)
