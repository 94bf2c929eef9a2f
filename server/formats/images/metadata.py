"""Where an image says something beside its pixels. What of it is known to be needed for showing it stays: colour profiles,
resolutions, how it moves. All else counts as metadata, known or not.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any, NamedTuple

from PIL import ExifTags, Image

from server.formats import ends, types

ORIENTATION = int(ExifTags.Base.Orientation)
COMMENT, FIRST_APP, LAST_APP = 0xFE, 0xE0, 0xEF
JFIF, ICC, ADOBE = b"JFIF\0", b"ICC_PROFILE\0", b"Adobe"
JFIF_THUMBNAIL = 12
"""Where JFIF says how large a thumbnail is."""
PNG_SHOWN = frozenset(b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT bKGD pHYs hIST cICP mDCV cLLI acTL fcTL fdAT".split())
WEBP_SHOWN = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
GIF_CONTROL, GIF_APPLICATION = 0xF9, 0xFF
GIF_SHOWN = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")
TIFF_SHOWN = frozenset(
    {
        254,
        255,
        256,
        257,
        258,
        259,
        262,
        263,
        264,
        265,
        266,
        273,
        277,
        278,
        279,
        280,
        281,
        282,
        283,
        284,
        290,
        291,
        292,
        293,
        296,
    }
    | {297, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 332, 334, 336, 338, 339, 340, 341, 347}
    | {512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532, 34675}
)
"""How pixels are stored and what their colours are (TIFF 6.0, and the profile of the ICC)."""


class Span(NamedTuple):
    """Bytes from one on and up to, without it, another."""

    start: int
    stop: int


def spans(data: mmap.mmap, content_type: str) -> Iterator[Span]:
    """Where an image whose structure was found to be right has metadata: of formats that keep it in blocks of its own."""
    match content_type:
        case types.JPEG:
            yield from of_jpeg(data)
        case types.PNG:
            yield from of_png(data)
        case types.WEBP:
            yield from of_webp(data)
        case types.GIF:
            yield from of_gif(data)


def is_in(data: mmap.mmap, image: Image.Image, content_type: str) -> bool:
    """Whether there is any."""
    if content_type == types.TIFF:
        return is_in_tiff(image)
    if content_type == types.AVIF:
        return bool(image.info.get("exif") or image.info.get("xmp"))
    return next(spans(data, content_type), None) is not None


def of_jpeg(data: mmap.mmap) -> Iterator[Span]:
    at = 2
    while (found := ends.JPEG_MARKER.search(data, at)) is not None:
        at, marker = found.end(), data[found.end() - 1]
        if marker == ends.JPEG_END:
            break
        if marker == ends.JPEG_ALONE:
            continue
        stop = at + int.from_bytes(data[at : at + 2])
        if not is_jpeg_shown(marker, data[at + 2 : min(stop, at + 64)]):
            yield Span(found.start(), stop)
        at = stop
    if ends.skipped(data, at) < len(data):  # smaller images, depths, and what telephones write there
        yield Span(at, len(data))


def is_jpeg_shown(marker: int, beginning: bytes) -> bool:
    if beginning.startswith(JFIF) and marker == FIRST_APP:
        return beginning[JFIF_THUMBNAIL : JFIF_THUMBNAIL + 2] == b"\0\0"
    if FIRST_APP <= marker <= LAST_APP:
        return (marker == FIRST_APP + 2 and beginning.startswith(ICC)) or (
            marker == FIRST_APP + 14 and beginning.startswith(ADOBE)
        )
    return marker != COMMENT


def of_png(data: mmap.mmap) -> Iterator[Span]:
    at = 8
    while at + 8 <= len(data):
        stop = at + 12 + int.from_bytes(data[at : at + 4])
        kind = data[at + 4 : at + 8]
        if kind not in PNG_SHOWN:
            yield Span(at, stop)
        at = stop
        if kind == b"IEND":
            return


def of_webp(data: mmap.mmap) -> Iterator[Span]:
    yield from (span for kind, span in webp_blocks(data) if kind not in WEBP_SHOWN)


def webp_blocks(data: mmap.mmap) -> Iterator[tuple[bytes, Span]]:
    """What each is, and where."""
    at, end = 12, ends.webp(data)
    while at + 8 <= end:
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        stop = at + 8 + size + size % 2
        yield data[at : at + 4], Span(at, stop)
        at = stop


def of_gif(data: mmap.mmap) -> Iterator[Span]:
    at = 13 + ends.table(data, 10)
    while at < len(data) and data[at] != ends.GIF_END:
        if data[at] == ends.GIF_IMAGE:
            at = ends.blocks(data, at + 11 + ends.table(data, at + 9))
            continue
        start, kind, said = at, data[at + 1], data[at + 3 : at + 14]
        at = ends.blocks(data, at + 2)
        if kind != GIF_CONTROL and not (kind == GIF_APPLICATION and said in GIF_SHOWN):
            yield Span(start, at)


def is_in_tiff(image: Image.Image) -> bool:
    tags: Any = image
    for number in range(tags.n_frames):
        image.seek(number)
        if not TIFF_SHOWN.issuperset(tags.tag_v2):
            image.seek(0)
            return True
    image.seek(0)
    return False


def is_turned(image: Image.Image) -> bool:
    """Whether what its pixels call its width is, as it is to be looked at, its height."""
    return image.getexif().get(ORIENTATION, 1) in {5, 6, 7, 8}
