"""Decisions: which keys are whose, when an orphan goes, and when there are too many of them to be true."""

from __future__ import annotations

import uuid
from datetime import timedelta

GRACE = timedelta(days=1)
"""No upload takes so long without a row, and no rendition so long to get one."""
BLOBS, RENDITIONS = "blobs", "renditions"
ON_THE_WAY = ("quarantine", "incoming")
PREFIXES = (*ON_THE_WAY, RENDITIONS, BLOBS)
"""What the server puts into its storage; what else is there is somebody else's, and is not looked at."""
ASSEMBLED = (*ON_THE_WAY, BLOBS)
FEW = 100
SHARE = 20
MOST = 100_000
"""As many orphans are known at a time; a later sweep finds the others."""


def upload_of(key: str) -> uuid.UUID | None:
    """Of which upload something on its way is, such as `quarantine/<id>` and what is called by it and more; None of none."""
    try:
        return uuid.UUID(key.partition("/")[2][:36])
    except ValueError:
        return None


def is_credible(orphans: int, blobs: int) -> bool:
    """Whether so many of the blobs may be orphans. Where one of twenty and more is, rather the database is another one than
    that of this storage, or lacks what it had."""
    return orphans <= max(FEW, blobs // SHARE)
