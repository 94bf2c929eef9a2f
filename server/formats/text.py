"""Text: CSV and what has no structure at all."""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO

from server.formats.facts import NO_TEXT, Text, cleaned
from server.formats.malformed import Malformed

BEGINNING, PIECE = 1 << 20, 1 << 18
"""Bytes that are read at once: first what is kept, then as much as a processor has at hand."""
CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
"""All but tabs, the ends of lines and of pages."""
CONTROL_BYTES = bytes(each for each in range(128) if CONTROL.match(chr(each)))
"""The same as bytes, as which they are nothing else in UTF-8: to look for each in turn costs a fifteenth of looking for any."""


def parse(file: BinaryIO) -> Text:
    """What it says, of which the beginning is kept. It is UTF-8, with or without a byte order mark, and nothing but text.
    Raises Malformed."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    said: Text | None = None
    start, piece = 0, file.read(BEGINNING)
    while piece:
        following = file.read(PIECE)
        try:
            text = decoder.decode(piece, final=not following)
        except UnicodeDecodeError as error:
            raise Malformed(f"is no text in UTF-8: {error.reason} near byte {start + error.start}") from None
        if any(each in piece for each in CONTROL_BYTES) and (found := CONTROL.search(text)) is not None:
            raise Malformed(f"is no text: it contains the control character U+{ord(found[0]):04X}")
        if said is None:
            said = cleaned(text, is_truncated=bool(following))
        start, piece = start + len(piece), following
    return said or NO_TEXT
