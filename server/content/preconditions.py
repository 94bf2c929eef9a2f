"""What must hold of a document before something is done with it, told all at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from google.protobuf.message import Message
from google.rpc import error_details_pb2

from server.rpc.failures import MAX_DESCRIPTION, MAX_FIELD, MAX_VIOLATIONS, FailedPrecondition, Failure, InvalidArgument, cut

SUBJECTS = {
    "WRONG_STATE": "draft.state",
    "NOT_APPROVED": "draft.approvals",
    "BLOCKING_COMMENTS": "draft.blocking_comments",
}
"""What a condition is about, by the reason for which it is refused."""


class Unready(FailedPrecondition):
    """All that keeps something from being done, as far as it is known: it says first what the first of the failures says."""

    def __init__(self, unmet: Sequence[Failure]) -> None:
        first = unmet[0]
        super().__init__(first.message, reason=first.reason, **first.metadata)
        self.http_status = first.http_status
        self.unmet = unmet

    def details(self) -> Iterable[Message]:
        """What each says beside, and a violation for each condition, as far as they fit."""
        for failure in self.unmet:
            failure.names = self.names
            yield from failure.details()
        told = error_details_pb2.PreconditionFailure()
        for reason, subject, description in (each for failure in self.unmet for each in violations(failure)):
            violation = told.violations.add(
                type=reason, subject=cut(self.names.field(subject), MAX_FIELD), description=cut(description, MAX_DESCRIPTION)
            )
            if told.ByteSize() > MAX_VIOLATIONS and len(told.violations) > 1:
                told.violations.remove(violation)
                break
        yield told


def violations(failure: Failure) -> Iterable[tuple[str, str, str]]:
    """Reason, subject and description of each condition that the failure names."""
    if isinstance(failure, InvalidArgument) and failure.violations:
        for each in failure.violations:
            yield failure.reason, each.field, failure.names.text(each.description)
    else:
        yield failure.reason, SUBJECTS.get(failure.reason, "document"), failure.told()


def check_met(unmet: Sequence[Failure]) -> None:
    """Raises Unready if there is any."""
    if unmet:
        raise Unready(unmet)
