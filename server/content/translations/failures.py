"""What a translation cannot have been made from."""

from __future__ import annotations

from server.rpc.failures import FailedPrecondition, InvalidArgument, NotFound, Violation


class SourceNotFound(NotFound):
    """It is not among the document's translations, whoever it belongs to."""

    reason = "SOURCE_NOT_FOUND"
    message = "No other document of this id has the same translation key."


class InvalidSource(InvalidArgument):
    """It has no such revision."""

    reason = "INVALID_SOURCE"

    def __init__(self, newest: int) -> None:
        super().__init__(Violation("source_revision_number", f"is not between 1 and {newest}"))


class NoSource(FailedPrecondition):
    """It stands alone."""

    reason = "NO_SOURCE"
    message = "No other document has its translation key: it is a translation of nothing."
