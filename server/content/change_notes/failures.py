"""What a major update lacks, and what it is called."""

from __future__ import annotations

from server.rpc.failures import InvalidArgument, Violation


class ChangeNoteRequired(InvalidArgument):
    """Readers are to notice the change, and would not be told what it is."""

    reason = "CHANGE_NOTE_REQUIRED"

    def __init__(self) -> None:
        super().__init__(
            Violation("change_note", "is required of what was public before: say what changed, or that the update is minor")
        )


class HistoryTooLong(InvalidArgument):
    """No page shows so much of what it was told of."""

    reason = "HISTORY_TOO_LONG"

    def __init__(self, size: int, most: int) -> None:
        super().__init__(Violation("change_history", f"has {size} bytes, and may have {most}"))
