"""Images without their metadata.

JPEG, TIFF, AVIF, and whatever has to be turned, are encoded anew from their pixels, upright, with their colour profile and
resolution: JPEG by the same tables of quantisation, WebP without loss where it had none. Of the others, the blocks that hold
metadata are left out: to encode them anew would take depth, colours or frames from them, and what stays was decoded.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from PIL import Image, ImageOps, JpegImagePlugin, TiffImagePlugin

from server.formats import ends, types
from server.formats.images import metadata
from server.formats.images.facts import MOVING
from server.formats.malformed import Malformed

KEPT = ("dpi", "icc_profile", "gamma", "transparency")
"""Of what Pillow knows of an image beside its pixels, what an encoder takes."""
QUALITY, AVIF_SPEED = 90, 8
"""Of WebP and AVIF that have lost something before."""
SMALL = 1 << 22
"""Pixels up to which more time and memory is taken for fewer bytes."""
BILEVEL, LOSSLESS = frozenset({"group3", "group4"}), "tiff_adobe_deflate"
BLOCKS = frozenset({types.GIF, types.PNG, types.WEBP})
"""Formats that keep metadata in blocks of its own."""
WEBP_FLAGS, WEBP_SAID = 20, 0x08 | 0x04
"""Where an extended WebP has its flags, and those that say that there are EXIF and XMP."""
REFUSAL = "holds metadata that cannot be taken from it; save it without"


def clean(path: str, data: mmap.mmap, content_type: str, target: str) -> None:
    """Writes the image at `path`, whose bytes are `data`, without its metadata. Raises Malformed where that cannot be done."""
    formats = (types.IMAGES[content_type],)
    try:
        with Image.open(path, formats=formats) as image:
            if is_left_as_it_is(image, content_type):
                leave_out(data, content_type, target)
            else:
                encode(image, data, content_type, target)
        with (
            open(target, "rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as made,
            Image.open(target, formats=formats) as image,
        ):
            is_left = metadata.is_in(made, image, content_type)
    except (Malformed, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001  an encoder raises whatever comes to it
        raise Malformed(f"{REFUSAL}: {str(error)[:200]}") from None
    if is_left:
        raise Malformed(REFUSAL)


def is_left_as_it_is(image: Image.Image, content_type: str) -> bool:
    if content_type in MOVING and getattr(image, "is_animated", False):
        return True
    return content_type in BLOCKS and image.getexif().get(metadata.ORIENTATION, 1) == 1


def encode(image: Image.Image, data: mmap.mmap, content_type: str, target: str) -> None:
    match content_type:
        case types.JPEG:
            save_jpeg(image, target)
        case types.TIFF:
            save_tiff(image, target)
        case types.WEBP:
            is_lossless = b"VP8L" in {kind for kind, _ in metadata.webp_blocks(data)}
            how: dict[str, Any] = {"lossless": True, "exact": True} if is_lossless else {"quality": QUALITY}
            save(image, content_type, target, **how)
        case types.AVIF:
            save(image, content_type, target, quality=QUALITY, speed=AVIF_SPEED, exif=b"", xmp=b"")
        case _:
            save(image, content_type, target, optimize=image.width * image.height <= SMALL)


def save(image: Image.Image, content_type: str, target: str, **how: Any) -> None:
    made, kept = upright(image)
    made.save(target, types.IMAGES[content_type], **{**kept, **how})


def save_jpeg(image: Image.Image, target: str) -> None:
    tables = image.quantization  # type: ignore[attr-defined]
    how: dict[str, Any] = {"qtables": tables, "subsampling": JpegImagePlugin.get_sampling(image)}
    is_progressive = "progressive" in image.info
    made, kept = upright(image)
    how |= kept
    if made.width * made.height <= SMALL:
        with suppress(OSError):  # these need room for the whole, which is guessed by the number of pixels
            made.save(target, types.IMAGES[types.JPEG], **how, optimize=True, progressive=is_progressive)
            return
    made.save(target, types.IMAGES[types.JPEG], **how)


def save_tiff(image: Image.Image, target: str) -> None:
    """All of its pages, one after another."""
    pages: Any = image
    with TiffImagePlugin.AppendingTiffWriter(target, new=True) as file:
        for number in range(pages.n_frames):
            image.seek(number)
            compression = image.info.get("compression")
            made, kept = upright(image)
            made.save(file, "TIFF", **kept, compression=compression if compression in BILEVEL else LOSSLESS)
            file.newFrame()


def upright(image: Image.Image) -> tuple[Image.Image, dict[str, Any]]:
    """A frame of it, turned as it says, and what is kept of what it says."""
    kept = {key: image.info[key] for key in KEPT if key in image.info}
    turned = ImageOps.exif_transpose(image)
    turned.info = {}
    return turned, kept


def leave_out(data: mmap.mmap, content_type: str, target: str) -> None:
    """Writes all but the blocks with metadata. Raises Malformed for a format that has none."""
    if content_type == types.AVIF:
        raise Malformed(REFUSAL)
    made = bytearray().join(kept(data, content_type))
    if content_type == types.WEBP:
        made[4:8] = (len(made) - 8).to_bytes(4, "little")
        made[WEBP_FLAGS] &= ~WEBP_SAID
    with open(target, "wb") as file:
        file.write(made)


def kept(data: mmap.mmap, content_type: str) -> Iterator[bytes]:
    at = 0
    for start, stop in metadata.spans(data, content_type):
        yield data[at:start]
        at = stop
    yield data[at : ends.ENDS[content_type](data)]
