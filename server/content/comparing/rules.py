"""Which revisions are compared, and whether that is cheap."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any

from server.content.comparing.work import TEXTS, Said
from server.rpc.objects import LargeObject

LIVE, NEWEST = "live", "newest"
SHORT = 2_000
"""Characters of texts that are compared within a few milliseconds at the worst."""
SMALL = 2_000
"""Bytes of details, links, tags and attachments that are."""


def number(asked: str, otherwise: str, document: Any) -> int:
    """The number that a request means; 0 for what is live where nothing is."""
    name = asked or otherwise
    if name == LIVE:
        return document.live_revision_number or 0
    return document.revision_number if name == NEWEST else int(name)


def is_cheap(before: Said, after: Said) -> bool:
    """Whether comparing them takes no process of its own: bodies that differ do."""
    return before.html == after.html and size(before.words) + size(after.words) <= SHORT and all(map(is_small, (before, after)))


def size(words: Mapping[str, Any]) -> int:
    return sum(len(words[name]) for name in TEXTS)


def is_small(said: Said) -> bool:
    if isinstance(said.words["details"], LargeObject):
        return False
    others = {name: value for name, value in said.words.items() if name not in TEXTS}
    return len(pickle.dumps(others, pickle.HIGHEST_PROTOCOL)) <= SMALL
