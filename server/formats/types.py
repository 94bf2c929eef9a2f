"""The media types that have a parser, and which one."""

from __future__ import annotations

from collections.abc import Mapping

AVIF, GIF, JPEG, PNG, TIFF, WEBP = (f"image/{kind}" for kind in ("avif", "gif", "jpeg", "png", "tiff", "webp"))
IMAGES: Mapping[str, str] = {AVIF: "AVIF", GIF: "GIF", JPEG: "JPEG", PNG: "PNG", TIFF: "TIFF", WEBP: "WEBP"}
"""How Pillow calls them."""
PDF = "application/pdf"

MAIN_PART = "application/vnd.openxmlformats-officedocument."
OFFICE_OPEN: Mapping[str, str] = {
    MAIN_PART + "wordprocessingml.document": MAIN_PART + "wordprocessingml.document.main+xml",
    MAIN_PART + "spreadsheetml.sheet": MAIN_PART + "spreadsheetml.sheet.main+xml",
    MAIN_PART + "presentationml.presentation": MAIN_PART + "presentationml.presentation.main+xml",
}
"""Office Open XML without macros, and the type of its main part (ECMA-376)."""
OPEN_DOCUMENT = frozenset(f"application/vnd.oasis.opendocument.{kind}" for kind in ("text", "spreadsheet", "presentation"))
"""ODF (ISO/IEC 26300), which says its type in a member of its own."""
ZIP = "application/zip"
TEXT: Mapping[str, str] = {".csv": "text/csv", ".txt": "text/plain"}
"""What no first bytes tell, by the extension that stands for it."""

PARSED = frozenset({*IMAGES, PDF, ZIP, *OFFICE_OPEN, *OPEN_DOCUMENT, *TEXT.values()})
"""All of them."""
