"""How far an upload has come, and by which way: what the columns `stage` and `way` of `uploads` say."""

from __future__ import annotations

from enum import IntEnum


class Stage(IntEnum):
    """How far it has come. A process that dies leaves it where it is, and another goes on from there, or takes it away."""

    RECEIVING = 1
    """Its bytes are coming."""
    RECEIVED = 2
    """All of them are there, in the quarantine, and are to be examined: `next_attempt_time` says when."""
    PROMOTING = 3
    """They were found to be sound; `blob_key` and `found` are set, and the blob is being put there."""
    REJECTED = 4
    """They were refused, and are gone."""


class Way(IntEnum):
    """How its bytes come. The last three as the contract's UploadWay."""

    STREAM = 0
    """In one call, which examines them, too."""
    RESUMABLE = 1
    FORM = 2
    PARTS = 3
