"""Text: CSV and what has no structure at all."""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO

from server.formats.malformed import Malformed

PIECE = 1 << 20
CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
"""All but tabs, the ends of lines and of pages."""
CONTROL_BYTES = bytes(each for each in range(128) if CONTROL.match(chr(each)))
"""The same as bytes, as which they are nothing else in UTF-8: to take them out costs a sixth of looking for one."""


def parse(file: BinaryIO) -> None:
    """It is UTF-8, with or without a byte order mark, and nothing but text. Raises Malformed."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    start, piece = 0, file.read(PIECE)
    while piece:
        following = file.read(PIECE)
        try:
            text = decoder.decode(piece, final=not following)
        except UnicodeDecodeError as error:
            raise Malformed(f"is no text in UTF-8: {error.reason} near byte {start + error.start}") from None
        if len(piece.translate(None, CONTROL_BYTES)) < len(piece) and (found := CONTROL.search(text)) is not None:
            raise Malformed(f"is no text: it contains the control character U+{ord(found[0]):04X}")
        start, piece = start + len(piece), following
