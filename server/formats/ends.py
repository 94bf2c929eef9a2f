"""Where an image ends, by its own marks: what stands behind them no decoder looks at, and others take it for what they like."""

from __future__ import annotations

import mmap
import re

from server.formats.malformed import Malformed

JPEG_START, JPEG_END, JPEG_ALONE = b"\xff\xd8", 0xD9, 0x01
JPEG_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]", re.DOTALL)
"""What is no marker in what was coded: a byte that was stuffed, or a restart."""
GIF_IMAGE, GIF_EXTENSION, GIF_END = 0x2C, 0x21, 0x3B
CUT_OFF = "ends before its image does"


def png(data: mmap.mmap) -> int:
    at = 8
    while at + 8 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        at += 12 + length
        if kind == b"IEND":
            return checked(at, data)
    raise Malformed(CUT_OFF)


def webp(data: mmap.mmap) -> int:
    size = int.from_bytes(data[4:8], "little")
    return checked(8 + size + size % 2, data)


def gif(data: mmap.mmap) -> int:
    at = 13 + table(data, 10)
    while at < len(data):
        match data[at]:
            case 0x3B:
                return at + 1
            case 0x21:
                at = blocks(data, at + 2)
            case 0x2C if at + 9 < len(data):
                at = blocks(data, at + 11 + table(data, at + 9))
            case _:
                break
    raise Malformed(CUT_OFF)


def table(data: mmap.mmap, at: int) -> int:
    """The bytes of the table of colours that the flags there announce."""
    flags = data[at] if at < len(data) else 0
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def blocks(data: mmap.mmap, at: int) -> int:
    """Behind a row of blocks."""
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1


def jpeg(data: mmap.mmap) -> int:
    """Behind all images of the file: cameras put smaller ones, or depths, after the first."""
    at = one_jpeg(data, 0)
    while True:
        following = skipped(data, at)
        if data[following : following + 2] != JPEG_START:
            return at
        at = one_jpeg(data, following)


def one_jpeg(data: mmap.mmap, at: int) -> int:
    at += 2
    while (found := JPEG_MARKER.search(data, at)) is not None:
        at = found.end()
        marker = data[at - 1]
        if marker == JPEG_END:
            return at
        if marker != JPEG_ALONE:
            at += int.from_bytes(data[at : at + 2])
    raise Malformed(CUT_OFF)


def skipped(data: mmap.mmap, at: int) -> int:
    """Behind the zeros there: with them nothing is said."""
    found = re.compile(rb"\x00*").match(data, at)
    return found.end() if found else at


def checked(at: int, data: mmap.mmap) -> int:
    if at > len(data):
        raise Malformed(CUT_OFF)
    return at


ENDS = {"image/png": png, "image/webp": webp, "image/gif": gif, "image/jpeg": jpeg}
"""By media type. The others have no such mark."""
