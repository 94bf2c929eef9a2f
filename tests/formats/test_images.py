"""Images: what is known of them, and what is taken from them."""

from __future__ import annotations

import random
from collections import Counter
from math import copysign, cos, pi
from pathlib import Path

import pytest
from PIL import ExifTags

from server.formats import parsing, types
from server.formats.images import blurhash
from server.formats.malformed import Malformed
from server.formats.parsing import Findings
from tests.formats.pictures import (
    PLACE,
    RIGHT_TOP,
    SILENT,
    SIZE,
    SPEAKING,
    exif,
    frames,
    halves,
    moving,
    opened,
    profile,
)
from tests.formats.samples import encoded, png
from tests.formats.test_fuzz import damaged

LOSSLESS = {types.PNG, types.GIF, types.TIFF}
MANY = 15
"""Damaged ones of each sample."""
NEAR = 24
"""How much a pixel may change that is encoded anew with loss."""


def parsed(tmp_path: Path, content_type: str, content: bytes) -> tuple[Findings, bytes]:
    """What was found, and the image without metadata where there was some."""
    path, target = tmp_path / "file", tmp_path / "cleaned"
    path.write_bytes(content)
    target.write_bytes(b"")
    return parsing.parse(str(path), content_type, str(target)), target.read_bytes()


def named(samples: list[tuple[str, str, bytes]]) -> list[object]:
    return [pytest.param(kind, content, id=f"{kind} {name}") for kind, name, content in samples]


@pytest.mark.parametrize(("content_type", "content"), named(SPEAKING))
def test_what_an_image_says_beside_its_pixels_is_taken_from_it(tmp_path: Path, content_type: str, content: bytes) -> None:
    """Nothing of it is left, nothing is found when it comes again, and it shows what it did."""
    found, cleaned = parsed(tmp_path, content_type, content)

    assert PLACE in content
    assert found.is_cleaned
    assert PLACE not in cleaned
    assert not parsed(tmp_path, content_type, cleaned)[0].is_cleaned
    before, after = frames(content), frames(cleaned)
    if content_type != types.JPEG:  # of which only the first stays
        assert len(before) == len(after)
    for one, other in zip(before, after, strict=False):
        least = 0 if content_type in LOSSLESS else NEAR
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) <= least


@pytest.mark.parametrize(("content_type", "content"), named(SILENT))
def test_an_image_that_says_nothing_else_stays_as_it_is(tmp_path: Path, content_type: str, content: bytes) -> None:
    """Colour profiles, resolutions and how it moves are no metadata."""
    found, cleaned = parsed(tmp_path, content_type, content)
    assert not found.is_cleaned
    assert cleaned == b""


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_an_image_is_turned_as_its_camera_says(tmp_path: Path, kind: str) -> None:
    """Its width and height are those of what is seen, and its pixels stand so."""
    content_type = f"image/{kind.lower()}"
    found, cleaned = parsed(tmp_path, content_type, encoded(halves(), kind, exif=exif(RIGHT_TOP)))

    image = found.facts["image"]
    assert (image["width"], image["height"]) == SIZE[::-1]
    with opened(cleaned) as upright:
        assert upright.size == SIZE[::-1]
        assert upright.getexif().get(ExifTags.Base.Orientation, 1) == 1
        top, bottom = (upright.convert("RGB").getpixel((40, y)) for y in (10, 110))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 120 > top[2]  # what was left is above
    assert bottom[2] > 120 > bottom[0]


def test_an_image_keeps_its_colours(tmp_path: Path) -> None:
    """Its profile stays when it is encoded anew, and so does a depth of sixteen bits."""
    content = encoded(halves(), "JPEG", icc_profile=profile(), exif=exif(), dpi=(300, 300))
    _, cleaned = parsed(tmp_path, types.JPEG, content)
    with opened(cleaned) as image:
        assert image.info["icc_profile"] == profile()
        assert image.info["dpi"] == (300, 300)

    deep = encoded(halves().convert("L").convert("I").point(lambda value: value * 257).convert("I;16"), "PNG", exif=exif())
    _, cleaned = parsed(tmp_path, types.PNG, deep)
    with opened(cleaned) as image:
        assert image.mode == "I;16"


def test_what_is_known_of_an_image(tmp_path: Path) -> None:
    """The sketch says on which side which colour is."""
    image = parsed(tmp_path, types.PNG, encoded(halves((90, 60), "#c02020", "#ffffff"), "PNG"))[0].facts["image"]
    assert (image["width"], image["height"]) == (90, 60)
    assert image["dominantColor"] in {"#c02020", "#ffffff"}
    assert "isAnimated" not in image
    assert len(image["blurhash"]) == 28
    left, right = (decoded(image["blurhash"], x, 0.5) for x in (0.05, 0.95))
    assert left[1] < 0.25  # green: red has none, white all
    assert right[1] > 0.75

    assert parsed(tmp_path, types.GIF, moving("GIF"))[0].facts["image"]["isAnimated"]


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    clear = halves().convert("RGBA")
    clear.putalpha(0)
    assert parsed(tmp_path, types.PNG, encoded(clear, "PNG"))[0].facts["image"]["dominantColor"] == "#ffffff"


def test_an_image_of_too_many_pixels_is_refused(tmp_path: Path) -> None:
    """Whatever it is in bytes (F3): 50,000 × 50,000 pixels would take ten gigabytes."""
    with pytest.raises(Malformed, match="more than 50000000 pixels"):
        parsed(tmp_path, types.PNG, png(50_000, 50_000, bytes(1000)))


def test_an_animation_whose_metadata_cannot_be_taken_from_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="holds metadata that cannot be taken from it"):
        parsed(tmp_path, types.AVIF, moving("AVIF", exif=exif()))


@pytest.mark.filterwarnings("ignore")
def test_what_is_damaged_is_cleaned_or_refused(tmp_path: Path) -> None:
    """Whatever is left of an image, nothing else is raised, and no metadata stays where it is taken (F3)."""
    chance, outcomes = random.Random(1), Counter[str]()
    for content_type, _, content in SPEAKING:
        for _ in range(MANY):
            try:
                found, cleaned = parsed(tmp_path, content_type, damaged(content, chance))
            except Malformed:
                outcomes["refused"] += 1
                continue
            outcomes["cleaned" if found.is_cleaned else "kept"] += 1
            if found.is_cleaned:
                assert not parsed(tmp_path, content_type, cleaned)[0].is_cleaned
    assert outcomes["refused"] > 0 < outcomes["cleaned"]


def decoded(told: str, across: float, down: float) -> tuple[float, ...]:
    """The light of a place in a sketch, as its authors decode it."""
    value = [blurhash.DIGITS.index(each) for each in told]

    def number(start: int, length: int) -> int:
        total = 0
        for each in value[start : start + length]:
            total = total * 83 + each
        return total

    columns, rows = value[0] % 9 + 1, value[0] // 9 + 1
    most = (value[1] + 1) / 166
    colours = [tuple(blurhash.linear(number(2, 4) >> shift & 255) for shift in (16, 8, 0))]
    for at in range(6, len(told), 2):
        parts = (number(at, 2) // 361, number(at, 2) // 19 % 19, number(at, 2) % 19)
        colours.append(tuple(copysign(((part - 9) / 9) ** 2, part - 9) * most for part in parts))
    weights = [cos(pi * x * across) * cos(pi * y * down) for y in range(rows) for x in range(columns)]
    return tuple(sum(colour[part] * weight for colour, weight in zip(colours, weights, strict=True)) for part in range(3))
