"""What is asked of those who draw, and what they answer: plain values, which go to other processes."""

from __future__ import annotations

from typing import NamedTuple


class Wanted(NamedTuple):
    """What an image is to become. It goes to other processes."""

    width: int
    height: int = 0
    """0: as it comes."""
    is_cover: bool = False
    """Whether both are filled, and what does not fit is cut off; otherwise the whole fits into both."""
    x: int = 50
    """What is cut off last is there: percent of the width from the left."""
    y: int = 50
    kind: str = "webp"
    """webp, avif, jpg or png."""


class Made(NamedTuple):
    """What became of it."""

    data: bytes
    width: int
    height: int
