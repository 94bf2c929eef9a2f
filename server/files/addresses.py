"""Where versions of files, and what is made from them, are to be had at this site: what an address answers never changes."""

from __future__ import annotations

import uuid

from server.settings import InvalidSettings, Settings

MOST_WIDTHS, WIDEST = 16, 9999


def widths(settings: Settings) -> tuple[int, ...]:
    """Of the images that anyone may have made, from the smallest on. Raises InvalidSettings."""
    try:
        found = sorted({int(each) for each in settings.rendition_widths})
    except ValueError:
        found = []
    if not 0 < len(found) <= MOST_WIDTHS or not 0 < found[0] <= found[-1] <= WIDEST:
        raise InvalidSettings(f"RENDITION_WIDTHS is not valid: name up to {MOST_WIDTHS} widths between 1 and {WIDEST}")
    return tuple(found)


def download(file_id: uuid.UUID | str, version: int) -> str:
    return f"/v1/files/{file_id}/versions/{version}:download"


def rendition(file_id: uuid.UUID | str, version: int, specification: str) -> str:
    return f"/v1/files/{file_id}/versions/{version}/renditions/{specification}"
