"""What an import may overtake, and when two imported documents are one version."""

from __future__ import annotations

import hashlib
from typing import Any

from gazette.content.v1.document_import_pb2 import ImportedDocument
from server.content.failures import DraftInProgress
from server.content.transfer.failures import DocumentVanished
from server.content.transitions import NOTHING, VANISHED

IGNORED: tuple[Any, ...] = ("id", "organisation_id", "etag", "revision_number", "draft", "live", "create_time", "update_time")
"""Fields of an imported document that say nothing of what it is."""


def overtake(draft_state: int) -> None:
    """An import becomes public at once, and must not leave a draft behind that knows nothing of it. Raises DraftInProgress."""
    if draft_state != NOTHING:
        raise DraftInProgress


def bring_back(live_state: int) -> None:
    """An import knows nothing of a legal removal, and must not undo it. Raises DocumentVanished."""
    if live_state == VANISHED:
        raise DocumentVanished


def source_sha256(imported: ImportedDocument) -> bytes:
    """What names this version: equal for equal documents, wherever they come from."""
    version = ImportedDocument()
    version.CopyFrom(imported)
    version.ClearField("source")
    version.ClearField("only_if_absent")
    version.ClearField("record_entry")
    for field in IGNORED:
        version.document.ClearField(field)
    return hashlib.sha256(version.SerializeToString(deterministic=True)).digest()
