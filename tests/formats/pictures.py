"""Images that say something beside their pixels, made here."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from typing import Any

from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from server.formats import types
from tests.formats.samples import encoded

SIZE = (120, 80)
PLACE = b"51 30 26 N"
"""What no image may say in the end."""
RIGHT_TOP = 6
"""The camera was held upright: what it calls the first row is the right side."""


def halves(size: tuple[int, int] = SIZE, left: str = "#c02020", right: str = "#2020c0") -> Image.Image:
    """Of one colour on the left, and of another one on the right."""
    picture = Image.new("RGB", size, left)
    picture.paste(right, (size[0] // 2, 0, *size))
    return picture


def exif(orientation: int = 1) -> Image.Exif:
    said = Image.Exif()
    said[ExifTags.Base.Orientation] = orientation
    said[ExifTags.Base.Artist] = PLACE.decode()
    return said


def text() -> PngImagePlugin.PngInfo:
    said = PngImagePlugin.PngInfo()
    said.add_text("Location", PLACE.decode())
    return said


@cache
def profile() -> bytes:
    """The same each time, though it says when it was made."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def moving(kind: str, **how: Any) -> bytes:
    first, *others = [halves((60, 40), f"#{shade:02x}4020") for shade in (20, 90, 160, 230)]
    return encoded(first, kind, save_all=True, append_images=others, duration=100, **how)


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


def frames(content: bytes) -> Sequence[bytes]:
    """The pixels of each."""
    with opened(content) as image:
        found = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            found.append(image.convert("RGBA").tobytes())
        return found


XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + PLACE + b"</x:xmpmeta>"
JPEG = encoded(halves(), "JPEG")
SPEAKING: list[tuple[str, str, bytes]] = [
    (types.JPEG, "exif", encoded(halves(), "JPEG", exif=exif())),
    (types.JPEG, "progressive", encoded(halves(), "JPEG", exif=exif(), progressive=True)),
    (types.JPEG, "xmp", encoded(halves(), "JPEG", xmp=XMP)),
    (types.JPEG, "a remark", encoded(halves(), "JPEG", comment=PLACE)),
    (types.JPEG, "iptc", JPEG[:2] + b"\xff\xed\0\x20Photoshop 3.0\0" + PLACE.ljust(16) + JPEG[2:]),
    (types.JPEG, "another image behind it", JPEG + encoded(halves(), "JPEG", comment=PLACE)),
    (types.PNG, "exif", encoded(halves(), "PNG", exif=exif())),
    (types.PNG, "text", encoded(halves(), "PNG", pnginfo=text())),
    (types.WEBP, "exif", encoded(halves(), "WEBP", exif=exif())),
    (types.WEBP, "lossless, xmp", encoded(halves(), "WEBP", lossless=True, xmp=XMP)),
    (types.GIF, "a remark", encoded(halves(), "GIF", comment=PLACE)),
    (types.TIFF, "exif", encoded(halves(), "TIFF", exif=exif())),
    (types.AVIF, "exif", encoded(halves(), "AVIF", exif=exif())),
    (types.GIF, "moving", moving("GIF", comment=PLACE)),
    (types.PNG, "moving", moving("PNG", pnginfo=text())),
    (types.WEBP, "moving", moving("WEBP", exif=exif())),
    (types.TIFF, "of several pages", moving("TIFF", exif=exif())),
]
"""Type, what is special about it, bytes: each says where it was made."""
SILENT: list[tuple[str, str, bytes]] = [
    (types.JPEG, "plain", JPEG),
    (types.JPEG, "with a profile", encoded(halves(), "JPEG", icc_profile=profile(), dpi=(300, 300))),
    (types.PNG, "with a profile", encoded(halves(), "PNG", icc_profile=profile(), dpi=(300, 300))),
    (types.WEBP, "with a profile", encoded(halves(), "WEBP", icc_profile=profile())),
    (types.GIF, "moving", moving("GIF", loop=0)),
    (types.PNG, "moving", moving("PNG")),
    (types.WEBP, "moving", moving("WEBP")),
    (types.TIFF, "compressed", encoded(halves(), "TIFF", compression="tiff_lzw", icc_profile=profile())),
    (types.AVIF, "plain", encoded(halves(), "AVIF")),
]
"""The same of images that say nothing beside their pixels."""
