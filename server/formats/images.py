"""Images, as Pillow decodes them."""

from __future__ import annotations

import mmap
import warnings

from PIL import (
    AvifImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from PIL.ImageFile import ImageFile

from server.formats import ends, polyglots, types
from server.formats.malformed import Malformed

PLUGINS = (
    AvifImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
"""The decoders that are ever asked."""
MAX_PIXELS = 50_000_000
"""Of one image: 8660 × 5773. Decoded, that takes 200 MB."""
MAX_FRAMES = 1000
PREVIEW = (512, 512)
"""JPEG is decoded to about this size: all of its bytes are read for it, and few are made."""
SAMSUNG_TRAILER, SAMSUNG_END = 64 * 1024, b"SEFT"
"""What telephones write behind a JPEG: when and how it was made."""

Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def parse(path: str, data: mmap.mmap, content_type: str) -> None:
    """Decodes the whole image, and sees to it that nothing else is in the file. Raises Malformed."""
    polyglots.check_archive(path)
    polyglots.check_whole(data)
    decode(path, content_type)
    if (end := ends.ENDS.get(content_type)) is not None:
        check_rest(data, end(data), content_type)


def check_rest(data: mmap.mmap, end: int, content_type: str) -> None:
    """Raises Malformed for what stands behind the image, unless that is nothing, or what cameras write."""
    rest = len(data) - ends.skipped(data, end)
    is_known = content_type == "image/jpeg" and rest <= SAMSUNG_TRAILER and data[-4:] == SAMSUNG_END
    if rest and not is_known:
        raise Malformed(f"goes on for {rest} bytes behind the end of its image; save it anew")


def decode(path: str, content_type: str) -> None:
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    formats = (types.IMAGES[content_type],)
    try:
        if content_type == "image/png":
            with Image.open(path, formats=formats) as image:
                image.verify()  # of the other formats it looks at the header alone
        with Image.open(path, formats=formats) as image:
            load(image, content_type)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise Malformed(f"has more than {MAX_PIXELS} pixels; make it smaller") from None
    except (Malformed, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001  a decoder raises whatever comes to it
        raise Malformed(f"is a damaged image: {described(error, path)}") from None


def load(image: ImageFile, content_type: str) -> None:
    """Each frame of it: a decoder says first in the last of them that the file is cut off."""
    if content_type == "image/jpeg":
        image.draft(None, PREVIEW)
        image.load()
        return
    image.load()
    if not getattr(image, "is_animated", False):
        return
    number = 1
    while True:
        try:
            image.seek(number)
        except EOFError:
            return
        image.load()
        number += 1
        if number > MAX_FRAMES:
            raise Malformed(f"has more than {MAX_FRAMES} frames")


def described(error: Exception, path: str) -> str:
    said = str(error)
    return "there is none that can be decoded" if path in said or not said else said[:200]
