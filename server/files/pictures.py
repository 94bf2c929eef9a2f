"""How pages show images: the addresses of what is made from them, by width, as browsers choose among them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.files.addresses import MOST_WIDTHS, download, rendition, widths
from server.formats import types
from server.settings import Settings

KIND, FALLBACK = "webp", "jpg"
UNSHOWN = frozenset({types.TIFF})
"""What no browser shows: in its place stands a rendition."""
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
            found |= {"srcset": srcset, "sizes": sizes()}
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
        if not self.widths or image.get("isAnimated") or own <= self.widths[0]:
            return ""
        smaller = [each for each in self.widths if each < own]
        listed = [f"{self.rendition(file, each)} {each}w" for each in smaller]
        if len(smaller) < len(self.widths):  # the next one is as wide as the image is: none is wider
            listed.append(f"{self.rendition(file, self.widths[len(smaller)])} {own}w")
        return ", ".join(listed)

    @staticmethod
    def rendition(file: Any, width: int, kind: str = KIND) -> str:
        return rendition(file.id, file.version, f"w{width}.{kind}")


def sizes(width: int = 0) -> str:
    """How wide an image is shown: as wide as the layout has it, which browsers know of images that are loaded late. Those that
    do not know `auto` choose by what its author says, or by the width of the window."""
    return f"auto, {width}px" if width else "auto, 100vw"


NO_PICTURES = Pictures(())
"""For who shows files by their addresses alone."""


def is_own(attachment: Any) -> bool:
    """Whether the addresses that a PageAttachment says are of that file here, in whichever version and widths."""
    url = rf"/v1/files/{re.escape(attachment.id)}/versions/[1-9][0-9]*"
    image = rf"{url}/renditions/w[1-9][0-9]{{0,3}}\.{KIND} [1-9][0-9]*w"
    is_url = re.fullmatch(rf"({url}:download)?", attachment.url)
    return bool(is_url and re.fullmatch(rf"({image}(, {image})*)?", attachment.srcset))
