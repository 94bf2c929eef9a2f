"""What the requests of the ways in call the same things."""

from __future__ import annotations

from typing import NamedTuple


class Fields(NamedTuple):
    """What a request calls the parts of an upload."""

    name: str
    size: str
    sha256: str
    content: str
    beside: int = 0
    """How many bytes of the declared size may be something else than the file."""
