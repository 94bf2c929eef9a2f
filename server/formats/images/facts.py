"""What is known of an image from its pixels: how large it is, and what stands for it until it is there."""

from __future__ import annotations

from typing import Any

from PIL import Image, ImageOps

from server.formats import types
from server.formats.images import blurhash, metadata

SKETCHED = (32, 32)
"""Pixels that a sketch is made of, at most."""
WAVES = (4, 3)
"""Of a sketch: across and down, of what is wider than it is high."""
NEAREST = 1024
"""Pixels that are looked at of a side: of what is longer others are left out, so that nobody makes a copy of a large one."""
COLOURS = 6
"""Among which the dominant one is the one of most pixels."""
WHITE = (255, 255, 255, 255)
MOVING = frozenset({types.AVIF, types.GIF, types.PNG, types.WEBP})
"""Formats whose further images are those of an animation."""


def facts(image: Image.Image, size: tuple[int, int], content_type: str) -> dict[str, Any]:
    """As the contract's `Image` says it in JSON. The image is loaded, at whatever size; `size` is the one that it has."""
    width, height = reversed(size) if metadata.is_turned(image) else size
    sketch = ImageOps.exif_transpose(small(image))
    parts = sketch.tobytes()
    pixels = [*zip(parts[::3], parts[1::3], parts[2::3], strict=True)]
    columns, rows = WAVES if sketch.width >= sketch.height else WAVES[::-1]
    known = {
        "width": width,
        "height": height,
        "dominantColor": dominant(sketch),
        "blurhash": blurhash.encoded(pixels, sketch.width, sketch.height, columns, rows),
    }
    is_animated = content_type in MOVING and getattr(image, "is_animated", False)
    return {**known, "isAnimated": True} if is_animated else known


def small(image: Image.Image) -> Image.Image:
    """The image in RGB on white, as small as a sketch is, with what it says of how to turn it."""
    seen = image
    if max(image.size) > NEAREST:
        scale = NEAREST / max(image.size)
        seen = image.resize(scaled(image.size, scale), Image.Resampling.NEAREST)
    seen = plain(seen)
    scale = min(SKETCHED[0] / seen.width, SKETCHED[1] / seen.height, 1.0)
    seen = seen.resize(scaled(seen.size, scale), Image.Resampling.BOX)
    seen.info = {key: value for key, value in image.info.items() if key == "exif"}
    if orientation := image.getexif().get(metadata.ORIENTATION):
        seen.getexif()[metadata.ORIENTATION] = orientation
    return seen


def scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    width, height = size
    return max(1, round(width * scale)), max(1, round(height * scale))


def plain(image: Image.Image) -> Image.Image:
    """In RGB; what is transparent is white."""
    if image.mode.startswith("I;16"):
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        over = image.convert("RGBA")
        ground = Image.new("RGBA", over.size, WHITE)
        return Image.alpha_composite(ground, over).convert("RGB")
    return image.convert("RGB")


def dominant(image: Image.Image) -> str:
    """`#` and six digits."""
    counted = image.quantize(COLOURS, method=Image.Quantize.MEDIANCUT)
    palette = counted.getpalette() or [0, 0, 0]
    _, most = max(counted.getcolors() or [(1, 0)])
    assert isinstance(most, int)
    return "#" + "".join(f"{part:02x}" for part in palette[most * 3 : most * 3 + 3])
