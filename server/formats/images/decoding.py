"""Pillow, with the decoders that are ever asked, and its errors in our words."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

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

Image.MAX_IMAGE_PIXELS = MAX_PIXELS


@contextmanager
def decoding(path: str) -> Iterator[None]:
    """Whatever is wrong with the image at the path, the block raises Malformed."""
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        yield
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise Malformed(f"has more than {MAX_PIXELS} pixels; make it smaller") from None
    except (Malformed, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001  a decoder raises whatever comes to it
        raise Malformed(f"is a damaged image: {described(error, path)}") from None


def described(error: Exception, path: str) -> str:
    said = str(error)
    return "there is none that can be decoded" if path in said or not said else said[:200]
