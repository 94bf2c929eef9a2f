"""What readers of the record are refused."""

from __future__ import annotations

from server.rpc.failures import NotFound


class RecordEntryNotFound(NotFound):
    """The record is not that long yet."""

    reason = "RECORD_ENTRY_NOT_FOUND"
    message = "The record has no entry of that number."
