"""Images made of others: of another size, cut, in another format."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from typing import Any, NamedTuple

from PIL import Image, ImageCms, ImageOps

from server.formats import types
from server.formats.images import facts, metadata
from server.formats.images.decoding import decoding
from server.formats.wanted import Made, Wanted

GAP = 2.0
"""How many times as large as the result what is resized with care still is: what is larger is made smaller quickly first."""
JPG = "jpg"
SAVED: dict[str, tuple[str, dict[str, Any]]] = {
    "webp": ("WEBP", {"quality": 80}),
    "avif": ("AVIF", {"quality": 60, "speed": 8}),
    JPG: ("JPEG", {"quality": 82, "progressive": True, "optimize": True}),
    "png": ("PNG", {}),
}
"""How each format is written."""
SRGB = ImageCms.createProfile("sRGB")
IS_SRGB = "sRGB"
"""In the description of a profile that need not be converted."""
HIGHER = frozenset({"I", "F", "I;16", "I;16B", "I;16L"})
"""Modes of more than eight bits."""


class Cut(NamedTuple):
    """A part of an image, and the size that it is to have."""

    box: tuple[float, float, float, float]
    size: tuple[int, int]


def made(path: str, content_type: str, wanted: Wanted) -> Made:
    """Raises Malformed for what cannot be decoded."""
    if content_type == types.PDF:
        return written(drawn(path, wanted), wanted.kind)
    with decoding(path), Image.open(path, formats=(types.IMAGES[content_type],)) as image:
        return written(shown(image, wanted), wanted.kind)


def drawn(path: str, wanted: Wanted) -> Image.Image:
    """The part of a PDF's first page that is wanted. Raises Malformed."""
    from server.formats import pdf_page  # noqa: PLC0415 - PDFium is needed by few

    width, height = pdf_page.size(path)
    enough = max(wanted.width, round(wanted.height * width / height)) if wanted.is_cover else wanted.width
    page = pdf_page.render(path, enough)
    return resized(page, cut(page.size, wanted))


def shown(image: Image.Image, wanted: Wanted) -> Image.Image:
    """The part of the image that is wanted, upright, in the colours of sRGB."""
    is_turned = metadata.is_turned(image)
    upright = image.size[::-1] if is_turned else image.size
    part = cut(upright, wanted)
    enough = scaled_for(upright, part)
    image.draft(None, enough[::-1] if is_turned else enough)
    profile = image.info.get("icc_profile")
    if getattr(image, "is_animated", False):
        image.seek(0)
    image.load()
    drawn = image
    if image.getexif().get(metadata.ORIENTATION, 1) != 1:
        drawn = ImageOps.exif_transpose(image)
    scale = drawn.width / upright[0]
    left, upper, right, lower = part.box
    return coloured(resized(drawn, Cut((left * scale, upper * scale, right * scale, lower * scale), part.size)), profile)


def scaled_for(size: tuple[int, int], part: Cut) -> tuple[int, int]:
    """How large the whole has to be decoded, so that enough is there of the part: of a photograph little is decoded at all."""
    left, upper, right, lower = part.box
    scale = min(1.0, max(part.size[0] / (right - left), part.size[1] / (lower - upper)))
    return round(size[0] * scale), round(size[1] * scale)


def cut(size: tuple[int, int], wanted: Wanted) -> Cut:
    """Which part of an image of this size is shown, and how large: never larger than it is."""
    width, height = size
    if not wanted.is_cover:
        scale = min(1.0, wanted.width / width, wanted.height / height if wanted.height else 1.0)
        return Cut((0, 0, width, height), (max(1, round(width * scale)), max(1, round(height * scale))))
    shrunk = min(1.0, width / wanted.width, height / wanted.height)
    target = max(1, round(wanted.width * shrunk)), max(1, round(wanted.height * shrunk))
    scale = max(target[0] / width, target[1] / height)
    across, down = min(target[0] / scale, width), min(target[1] / scale, height)
    left = min(max(width * wanted.x / 100 - across / 2, 0), width - across)
    upper = min(max(height * wanted.y / 100 - down / 2, 0), height - down)
    return Cut((left, upper, left + across, upper + down), target)


def resized(image: Image.Image, part: Cut) -> Image.Image:
    if image.mode in HIGHER:
        image = facts.plain(image)
    elif image.mode in {"P", "PA", "1"} or "transparency" in image.info:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    whole = (0, 0, *image.size)
    if part.size == image.size and all(abs(one - other) < 0.5 for one, other in zip(part.box, whole, strict=True)):
        return image
    return image.resize(part.size, Image.Resampling.BICUBIC, box=part.box, reducing_gap=GAP)


def coloured(image: Image.Image, profile: bytes | None) -> Image.Image:
    """In RGB or RGBA as sRGB has them."""
    mode = "RGBA" if image.has_transparency_data else "RGB"
    if profile:
        with suppress(ImageCms.PyCMSError, OSError, ValueError):  # a profile that is of no use is none
            given = ImageCms.ImageCmsProfile(BytesIO(profile))
            if IS_SRGB not in ImageCms.getProfileDescription(given):
                return in_srgb(image, given, mode)
    return image.convert(mode)


def in_srgb(image: Image.Image, profile: ImageCms.ImageCmsProfile, mode: str) -> Image.Image:
    alpha = image.getchannel("A") if mode == "RGBA" else None
    if image.mode in {"LA", "RGBA"}:
        image = image.convert(image.mode.removesuffix("A"))
    found = ImageCms.profileToProfile(image, profile, SRGB, outputMode="RGB")
    assert found is not None
    if alpha is not None:
        found.putalpha(alpha)
    return found


def written(image: Image.Image, kind: str) -> Made:
    format, how = SAVED[kind]
    if kind == JPG:
        image = facts.plain(image)
    file = BytesIO()
    image.info = {}
    image.save(file, format, **how)
    return Made(file.getvalue(), image.width, image.height)
