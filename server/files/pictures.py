"""How pages show images: the addresses of what is made from them, by width, as browsers choose among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.files.addresses import MOST_WIDTHS, download, rendition, widths
from server.formats import types
from server.settings import Settings

KIND, FALLBACK = "webp", "jpg"
UNSHOWN = frozenset({types.TIFF})
"""What no browser shows: in its place stands a rendition."""
SIZES = "auto, 100vw"
"""How wide an image is shown: as wide as the layout has it, which browsers know of images that are loaded late; those that do
not take `auto` for nothing, and choose by the width of the window."""
SET_MOST = MOST_WIDTHS * 100
"""Characters of a set of addresses."""
PICTURE_MOST = SET_MOST + 300
"""Characters that an image by id becomes more than what was written."""


@dataclass(frozen=True)
class Pictures:
    """What pages say of files, given their rows."""

    widths: tuple[int, ...]

    @classmethod
    def from_settings(cls, settings: Settings) -> Pictures:
        """Raises InvalidSettings."""
        return cls(widths(settings))

    def attached(self, file: Any) -> dict[str, Any]:
        """What a page says of a file beside what its row does, as fields of a PageAttachment."""
        image, document = file.facts.get("image", {}), file.facts.get("document", {})
        return {
            "url": download(file.id, file.version),
            "width": image.get("width", 0),
            "height": image.get("height", 0),
            "srcset": self.srcset(file),
            "page_count": document.get("pageCount", 0),
        }

    def attributes(self, file: Any) -> Mapping[str, str]:
        """Of an `img` that shows the file; what is not known of it is left out."""
        image = file.facts.get("image", {})
        found = {"src": self.source(file)}
        if srcset := self.srcset(file):
            found |= {"srcset": srcset, "sizes": SIZES}
        if image:
            found |= {"width": str(image["width"]), "height": str(image["height"])}
        return {**found, "loading": "lazy"}

    def source(self, file: Any) -> str:
        """The file itself, if browsers show such."""
        return (
            self.rendition(file, self.widths[-1], FALLBACK) if file.content_type in UNSHOWN else download(file.id, file.version)
        )

    def srcset(self, file: Any) -> str:
        """Of an image that is larger than the smallest of its renditions, and does not move."""
        image = file.facts.get("image", {})
        own = image.get("width", 0)
        if image.get("isAnimated") or own <= self.widths[0]:
            return ""
        smaller = [each for each in self.widths if each < own]
        listed = [f"{self.rendition(file, each)} {each}w" for each in smaller]
        if len(smaller) < len(self.widths):  # the next one is as wide as the image is: none is wider
            listed.append(f"{self.rendition(file, self.widths[len(smaller)])} {own}w")
        return ", ".join(listed)

    @staticmethod
    def rendition(file: Any, width: int, kind: str = KIND) -> str:
        return rendition(file.id, file.version, f"w{width}.{kind}")
