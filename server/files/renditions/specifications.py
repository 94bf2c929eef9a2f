"""What a specification asks for, and which rendition that is of a file: the same one for all that come to the same."""

from __future__ import annotations

import re
from typing import NamedTuple

from server.files.downloads.served import Served
from server.formats import wanted as formats

MIDDLE = 50
"""Percent."""
CONTENT_TYPES = {"webp": "image/webp", "avif": "image/avif", "jpg": "image/jpeg", "png": "image/png"}
SPECIFICATION = re.compile(
    r"w(?P<width>[0-9]+)(?:-h(?P<height>[0-9]+)(?P<fit>-contain|-cover(?:-x(?P<x>[0-9]+)-y(?P<y>[0-9]+))?)?)?\.(?P<kind>[a-z]+)"
)
"""The contract says which numbers there are."""


class Wanted(NamedTuple):
    """What is asked for."""

    width: int
    height: int
    """0: as it comes."""
    is_cover: bool
    """Whether both are filled, and what does not fit is cut off; otherwise the whole fits into both."""
    focus: tuple[int, int] | None
    """What is cut off last, where that is said."""
    kind: str

    @property
    def depends_on_focus(self) -> bool:
        """Whether it becomes another one when the file's focal point does."""
        return self.is_cover and self.focus is None

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[self.kind]

    def about(self, x: int | None, y: int | None) -> Wanted:
        """The same of a file whose focal point is there; the middle where it has none."""
        if not self.depends_on_focus:
            return self
        return self._replace(focus=(MIDDLE if x is None else x, MIDDLE if y is None else y))

    def within(self, width: int, height: int) -> Wanted:
        """The same of an image of this size, than which it is never larger. 0 where that is not known."""
        if not width or not height:
            return self
        if not self.height:
            return self._replace(width=min(self.width, width))
        shrunk = min(1.0, width / self.width, height / self.height)
        if self.is_cover:
            return self._replace(width=at_least_one(self.width * shrunk), height=at_least_one(self.height * shrunk))
        scale = min(1.0, self.width / width, self.height / height)
        return self._replace(width=at_least_one(width * scale), height=at_least_one(height * scale))

    @property
    def drawn(self) -> formats.Wanted:
        """The same, for who makes it."""
        x, y = self.focus or (MIDDLE, MIDDLE)
        return formats.Wanted(self.width, self.height, self.is_cover, x, y, self.kind)

    @property
    def specification(self) -> str:
        """As an address says it."""
        return f"{self.plain}.{self.kind}"

    @property
    def key(self) -> str:
        """As a key of the storage says it."""
        return f"{self.plain}-{self.kind}"

    @property
    def plain(self) -> str:
        if not self.height:
            return f"w{self.width}"
        size = f"w{self.width}-h{self.height}"
        if not self.is_cover:
            return size
        return f"{size}-cover" if self.focus is None else f"{size}-cover-x{self.focus[0]}-y{self.focus[1]}"


def at_least_one(pixels: float) -> int:
    return max(1, round(pixels))


def read(specification: str) -> Wanted:
    """Of what the contract has taken for one."""
    match = SPECIFICATION.fullmatch(specification)
    assert match is not None
    focus = (int(match["x"]), int(match["y"])) if match["x"] else None
    is_cover = (match["fit"] or "").startswith("-cover")
    return Wanted(int(match["width"]), int(match["height"] or 0), is_cover, focus, match["kind"])


def of(wanted: Wanted, file: Served) -> Wanted:
    """Which rendition that is of a file."""
    image = file.facts.get("image", {})
    return wanted.about(file.focal_x, file.focal_y).within(image.get("width", 0), image.get("height", 0))
