"""How a file stands that is not ready, in words, and whether waiting may help."""

from __future__ import annotations

from typing import Any

from gazette.files.v1.file_pb2 import FileState
from server.files.standing import DELETED

NAMES = {DELETED: "DELETED"} | {
    value: name.removeprefix("FILE_STATE_") for name, value in FileState.items() if value != FileState.FILE_STATE_UNSPECIFIED
}
WORDS = {
    FileState.FILE_STATE_PENDING: "has not arrived, or waits to be examined",
    FileState.FILE_STATE_SCANNING: "is being examined",
    DELETED: "was deleted",
}


def is_ready(standing: int) -> bool:
    return standing == FileState.FILE_STATE_READY


def is_on_its_way(standing: int) -> bool:
    """Whether it may yet become ready by itself."""
    return standing in {FileState.FILE_STATE_PENDING, FileState.FILE_STATE_SCANNING}


def name(standing: int) -> str:
    """As the contract has it, without what all names begin with; DELETED of what was deleted."""
    return NAMES[standing]


def told(standing: int, rejection_reason: Any) -> str:
    """What is wrong with it: goes on with the file's name."""
    if standing == FileState.FILE_STATE_REJECTED:
        return f"was rejected ({rejection_reason})"
    return WORDS[standing]
