"""The first page of a PDF as a picture, by PDFium: for a process of its own, as a page may take any time to draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pypdfium2

from server.formats.malformed import Malformed

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 16_000_000
"""Of the picture: 64 MB while it is drawn."""
TALLEST = 8_192
"""Pixels, for pages that are rolls."""
NARROWEST = 1.0
"""Points that a page is taken to have where it says less."""


def size(path: str) -> tuple[float, float]:
    """The width and height of the first page in points, turned as it is to be looked at. Raises Malformed."""
    with opened(path) as document:
        return measured(first(document))


def render(path: str, width: int) -> Image.Image:
    """The first page on white, as an RGB image of Pillow's: so many pixels wide, or less where it would otherwise be
    TALLEST, or have more than MAX_PIXELS. Forms are drawn as they are filled in. Raises Malformed."""
    with opened(path) as document:
        document.init_forms()
        page = first(document)
        across, down = measured(page)
        scale = min(width / across, TALLEST / down, (MAX_PIXELS / (across * down)) ** 0.5)
        try:
            picture: Image.Image = page.render(scale=scale, rev_byteorder=True, draw_annots=True).to_pil()
        except (pypdfium2.PdfiumError, ValueError) as error:
            raise Malformed(f"has a first page that cannot be drawn: {error}") from None
        return picture.convert("RGB")


def opened(path: str) -> pypdfium2.PdfDocument:
    """Raises Malformed."""
    try:
        return pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        raise Malformed(f"is a PDF that PDFium cannot open: {error}") from None


def first(document: pypdfium2.PdfDocument) -> pypdfium2.PdfPage:
    """Raises Malformed."""
    try:
        return document[0]
    except (pypdfium2.PdfiumError, IndexError) as error:
        raise Malformed(f"has no first page that can be drawn: {error}") from None


def measured(page: pypdfium2.PdfPage) -> tuple[float, float]:
    across, down = page.get_size()
    return max(across, NARROWEST), max(down, NARROWEST)
