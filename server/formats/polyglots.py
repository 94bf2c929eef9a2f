"""Files that are of two types at once: whoever passes them on takes them for the one, and whoever opens them for the other."""

from __future__ import annotations

import mmap
import re
import zipfile

from server.formats import types
from server.formats.malformed import Malformed

BEGINNING = 1024
"""Bytes in which readers look for what a file is: browsers for HTML, and readers of PDF for its header."""
MARKUP = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|iframe|svg|\?php)[\s>/]", re.IGNORECASE)
"""What makes a page or a program of a file for those who do not heed its media type."""
PDF_HEADER = b"%PDF-"
OTHERS = re.compile(
    rb"MZ|\x7fELF|#!|\xca\xfe\xba\xbe|\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|\x00asm|\xd0\xcf\x11\xe0|PK\x03\x04|Rar!\x1a|7z\xbc\xaf"
    rb"|\x1f\x8b|GIF8|\xff\xd8\xff|\x89PNG|II\*\x00|MM\x00\*|RIFF....WEBP",
    re.DOTALL,
)
"""How programs, archives and images begin. A PDF may stand behind bytes that are none of its own, but not behind these."""


def check_beginning(data: mmap.mmap, content_type: str) -> None:
    """Raises Malformed for what begins as something else, too."""
    beginning = data[:BEGINNING]
    if (markup := MARKUP.search(beginning)) is not None:
        raise Malformed(f"is a page or a program as well: it begins with {named(markup)}")
    if content_type == types.PDF and OTHERS.match(beginning) is not None:
        raise Malformed("begins as a program, an archive or an image, and is a PDF as well")
    if content_type != types.PDF and PDF_HEADER in beginning:
        raise Malformed("is a PDF as well")


def check_whole(data: mmap.mmap) -> None:
    """Raises Malformed for what holds a page or a program anywhere, which no image does."""
    if (markup := MARKUP.search(data)) is not None:
        raise Malformed(f"is a page or a program as well: it contains {named(markup)}")


def check_archive(path: str) -> None:
    """Raises Malformed for what can be unpacked."""
    if zipfile.is_zipfile(path):
        raise Malformed("is a ZIP archive as well")


def named(markup: re.Match[bytes]) -> str:
    return repr(markup[0].decode("latin-1"))
