"""What cannot be imported, and why."""

from __future__ import annotations

from typing import NamedTuple


class Refused(Exception):
    """Something of a source cannot be imported; says why."""


class Refusal(NamedTuple):
    """What was not imported."""

    source: str
    """The file, with what identifies the part of it."""
    reason: str
    """Why, for people."""
