"""Whether an image is what it says, and nothing else: all of it is decoded by Pillow."""

from __future__ import annotations

import mmap
import signal
from typing import Any, NamedTuple

from PIL import Image
from PIL.ImageFile import ImageFile

from server.formats import ends, polyglots, types
from server.formats.images import cleaning, facts, metadata
from server.formats.images.decoding import decoding
from server.formats.malformed import Malformed

MAX_FRAMES = 1000
CLEANING_SECONDS = 10.0
"""Of CPU time, beyond what a file has, for one that is sound and is to be encoded anew."""
PREVIEW = (512, 512)
"""JPEG is decoded to about this size: all of its bytes are read for it, and few are made."""
SAMSUNG_TRAILER, SAMSUNG_END = 64 * 1024, b"SEFT"
"""What telephones write behind a JPEG: when and how it was made."""


class Pictured(NamedTuple):
    """What was found of an image."""

    facts: dict[str, Any]
    """As the contract's `Image` says it in JSON."""
    is_cleaned: bool
    """Whether there was metadata: the image without it is where it was asked for."""


def parse(path: str, data: mmap.mmap, content_type: str, target: str = "") -> Pictured:
    """Decodes the whole image, and sees to it that nothing else is in the file; if it has metadata, writes it to `target`
    without, unless that is empty. Raises Malformed."""
    polyglots.check_archive(path)
    polyglots.check_whole(data)
    found, has_metadata = decode(path, data, content_type)
    if (end := ends.ENDS.get(content_type)) is not None:
        check_rest(data, end(data), content_type)
    has_metadata = has_metadata and bool(target)
    if has_metadata:
        allow(CLEANING_SECONDS)
        cleaning.clean(path, data, content_type, target)
    return Pictured(found, has_metadata)


def allow(seconds: float) -> None:
    """Gives the process more CPU time where that is bounded (`child`): the image is sound, and to encode it takes a while."""
    left, _ = signal.getitimer(signal.ITIMER_PROF)
    if left:
        signal.setitimer(signal.ITIMER_PROF, left + seconds)


def check_rest(data: mmap.mmap, end: int, content_type: str) -> None:
    """Raises Malformed for what stands behind the image, unless that is nothing, or what cameras write."""
    rest = len(data) - ends.skipped(data, end)
    is_known = content_type == "image/jpeg" and rest <= SAMSUNG_TRAILER and data[-4:] == SAMSUNG_END
    if rest and not is_known:
        raise Malformed(f"goes on for {rest} bytes behind the end of its image; save it anew")


def decode(path: str, data: mmap.mmap, content_type: str) -> tuple[dict[str, Any], bool]:
    """What it shows, and whether it has metadata. Raises Malformed."""
    formats = (types.IMAGES[content_type],)
    with decoding(path):
        if content_type == types.PNG:
            with Image.open(path, formats=formats) as image:
                image.verify()  # of the other formats it looks at the header alone
        with Image.open(path, formats=formats) as image:
            found = load(image, content_type)
        with Image.open(path, formats=formats) as image:
            return found, metadata.is_in(data, image, content_type)


def load(image: ImageFile, content_type: str) -> dict[str, Any]:
    """Each frame of it: a decoder says first in the last of them that the file is cut off. Returns what is known of the
    first."""
    size = image.size
    if content_type == types.JPEG:
        image.draft(None, PREVIEW)
    image.load()
    found = facts.facts(image, size, content_type)
    if content_type == types.JPEG or not getattr(image, "is_animated", False):
        return found
    number = 1
    while True:
        try:
            image.seek(number)
        except EOFError:
            return found
        image.load()
        number += 1
        if number > MAX_FRAMES:
            raise Malformed(f"has more than {MAX_FRAMES} frames")
