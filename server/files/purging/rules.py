"""What a file is called in caches, and how often they are told."""

from __future__ import annotations

import uuid
from datetime import timedelta

PREFIX = "file-"
AGAIN = timedelta(minutes=1)
"""After so long it is told once more: an answer that was on its way to a cache the first time may have been kept after it."""
LEASE = timedelta(minutes=1)
"""For how long what is being sent belongs to the process that sends it; far more than a request lasts."""
MOST = 64
"""So many names, of 41 characters, go with one request: what servers take as a header is 8 KiB."""
PAUSES = tuple(timedelta(seconds=each) for each in (1, 5, 15, 30, 60, 120))
"""Between one attempt and the next; the last one is for all that follow. None is given up: the file would stay in the cache."""


def name(file_id: uuid.UUID | str) -> str:
    """Under which caches keep all that is served of a file."""
    return f"{PREFIX}{file_id}"


def pause(attempts: int) -> timedelta:
    """Until the next attempt, when so many have failed."""
    return PAUSES[min(attempts, len(PAUSES)) - 1]
