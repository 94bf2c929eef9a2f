"""Text as it comes from other systems: UTF-8, or what its byte order mark says (Unicode 16 section 23.8).

A byte order mark is one at the very beginning alone; anywhere else it is a character of the text. What is in no encoding that
can be told is refused with the place where it breaks.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, RawIOBase
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, NamedTuple

from server.importer.failures import Refused

PIECE = 1 << 20
"""Bytes that are decoded at once."""


class Encoding(NamedTuple):
    """How a file's text is written."""

    name: str
    codec: str
    mark: bytes
    """What it begins with."""


PLAIN = Encoding("UTF-8", "utf-8", b"")
MARKED = (
    Encoding("UTF-8", "utf-8", codecs.BOM_UTF8),
    Encoding("UTF-32", "", codecs.BOM_UTF32_LE),  # before UTF-16, whose mark is its beginning
    Encoding("UTF-32", "", codecs.BOM_UTF32_BE),
    Encoding("UTF-16LE", "utf-16-le", codecs.BOM_UTF16_LE),
    Encoding("UTF-16BE", "utf-16-be", codecs.BOM_UTF16_BE),
)


def encoding_of(head: bytes) -> Encoding:
    """By the first bytes of a file. Raises Refused for one that is not read."""
    found = next((each for each in MARKED if head.startswith(each.mark)), PLAIN)
    if not found.codec:
        raise Refused(f"is {found.name}, by its byte order mark; save it as UTF-8")
    if found is PLAIN and b"\0" in head[:2]:
        raise Refused("is not UTF-8: byte 0 or 1 is NUL, as in UTF-16 without a byte order mark; save it as UTF-8")
    return found


def text_of(file: Path) -> str:
    """The whole text. Raises Refused, and OSError."""
    raw = file.read_bytes()
    encoding = encoding_of(raw[:4])
    try:
        return raw[len(encoding.mark) :].decode(encoding.codec)
    except UnicodeDecodeError as error:
        before = raw[len(encoding.mark) :][: error.start].decode(encoding.codec)
        at = len(encoding.mark) + error.start
        raise Refused(broken(encoding, error, at, before.count("\n") + 1)) from None


def broken(encoding: Encoding, error: UnicodeDecodeError, at: int, line: int) -> str:
    """Says where text breaks, and how."""
    found = error.object[error.start : error.end].hex(" ")
    return f"is not {encoding.name}: byte {at}, in line {line}, is {found} ({error.reason})"


@contextmanager
def opened(file: Path) -> Iterator[BinaryIO]:
    """The text as UTF-8, standing behind a byte order mark. What is written otherwise is decoded first, into a file of the
    system's, and refused as a whole where it breaks; UTF-8 is left to whoever reads it. Raises Refused."""
    with file.open("rb") as raw:
        head = raw.read(4)
        encoding = encoding_of(head)
        text: Any = BufferedReader(Rest(head[len(encoding.mark) :], raw))
        if encoding.codec == PLAIN.codec:
            yield text
            return
        with TemporaryFile() as decoded:
            for piece in pieces(text, encoding):
                decoded.write(piece.encode())
            decoded.seek(0)
            yield decoded


class Rest(RawIOBase):
    """What comes of a file behind its first bytes, and these before it: a pipe cannot be read twice."""

    def __init__(self, head: bytes, raw: BufferedReader) -> None:
        self.head = head
        self.raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self.head or self.raw.read1(len(buffer))
        piece, self.head = piece[: len(buffer)], piece[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


def pieces(text: BinaryIO, encoding: Encoding) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding.codec)()
    at, line, is_more = len(encoding.mark), 1, True
    while is_more:
        begin = at - len(decoder.getstate()[0])
        piece = text.read(PIECE)
        at, is_more = at + len(piece), bool(piece)
        try:
            decoded = decoder.decode(piece, final=not is_more)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].decode(encoding.codec).count("\n")
            raise Refused(broken(encoding, error, begin + error.start, line)) from None
        line += decoded.count("\n")
        yield decoded
