"""What a translation cannot have been made from."""

from __future__ import annotations

from server.rpc.failures import FailedPrecondition, InvalidArgument, Violation


class InvalidSource(InvalidArgument):
    """It is not among the document's translations, or has no such revision."""

    reason = "INVALID_SOURCE"

    def __init__(self, field: str, description: str) -> None:
        super().__init__(Violation(field, description))


class NoSource(FailedPrecondition):
    """It stands alone."""

    reason = "NO_SOURCE"
    message = "No other document has its translation key: it is a translation of nothing."
