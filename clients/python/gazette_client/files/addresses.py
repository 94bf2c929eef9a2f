"""Addresses of images that are made from files, and how such an image is asked for."""

from __future__ import annotations

from typing import Literal

from gazette.files.v1.file_pb2 import File

Format = Literal["webp", "avif", "jpg", "png"]


def specification(
    width: int,
    height: int = 0,
    *,
    fit: Literal["contain", "cover"] = "contain",
    focus: tuple[int, int] | None = None,
    format: Format = "webp",
) -> str:
    """What GetRendition and CreateRenditionUrl call it: `specification(960, 540, fit="cover")` is `w960-h540-cover.webp`.

    `focus` is the place that is kept when a cover is cut, in percent from the left and from the top; without it the file's
    own. Raises ValueError for what there is not.
    """
    if not (0 < width < 10_000 and 0 <= height < 10_000):
        raise ValueError(f"a rendition has 1 to 9999 pixels each way, not {width} × {height}")
    if not height and (fit == "cover" or focus):
        raise ValueError("what is cut has a height too")
    if focus and (fit != "cover" or not all(0 <= each <= 100 for each in focus)):
        raise ValueError("a focus is of a cover, in percent from the left and from the top")
    size = f"w{width}" + (f"-h{height}" if height else "")
    cut = "-cover" if fit == "cover" else ""
    place = f"-x{focus[0]}-y{focus[1]}" if focus else ""
    return f"{size}{cut}{place}.{format}"


def rendition_path(file: File, width: int, format: Format = "webp") -> str:
    """The path, below Gazette's HTTP address, of an image of one of the listed widths (RENDITION_WIDTHS). It names the file's
    version, so whoever keeps what is there may keep it for good. Others are signed: `CreateRenditionUrl` says theirs."""
    return f"/v1/files/{file.id}/versions/{file.version or 1}/renditions/{specification(width, format=format)}"
