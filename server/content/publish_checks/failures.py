"""What keeps a document from being published when it is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from google.protobuf.message import Message
from google.rpc import error_details_pb2

from gazette.content.v1.publish_check_pb2 import PublishProblem
from server.content.failures import Unfit
from server.content.publish_checks.registry import name
from server.rpc.failures import MAX_DESCRIPTION, MAX_FIELD, FailedPrecondition, NotFound, cut

MOST_TOLD = 20
"""Problems that a refusal names: CheckDocument names more."""
MOST_BYTES = 1_500
MOST_NAMED = 3
"""Checks that its message names."""


class RevisionNotFound(NotFound):
    """The document has none of that number."""

    reason = "REVISION_NOT_FOUND"
    message = "The document has no such revision."


class TooCostlyToCheck(FailedPrecondition):
    """Looking at it was ended."""

    reason = "TOO_COSTLY_TO_CHECK"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The publish checks would take more than {seconds:g} s of computing time. Simplify the markup.")


class PublishChecksFailed(Unfit):
    """It has what its content type blocks, and nobody has overridden that."""

    reason = "PUBLISH_CHECKS_FAILED"

    def __init__(self, blocking: Sequence[PublishProblem]) -> None:
        self.blocking = blocking
        checks = [*dict.fromkeys(name(each.check) for each in blocking)]
        told = ", ".join(checks[:MOST_NAMED]) + (f" and {more} more" if (more := len(checks) - MOST_NAMED) > 0 else "")
        first = blocking[0]
        where = first.field + (f" line {first.line}" if first.line else "")
        super().__init__(
            f"Publish checks block it: {told}. First, {where}: {first.message}. CheckDocument lists all.",
            checks=",".join(checks),
        )

    def details(self) -> Iterable[Message]:
        """The problems, as far as they fit."""
        told = error_details_pb2.PreconditionFailure()
        for each in self.blocking[:MOST_TOLD]:
            added = told.violations.add(
                type=name(each.check),
                subject=cut(self.names.field(subject(each)), MAX_FIELD),
                description=cut(description(each), MAX_DESCRIPTION),
            )
            if told.ByteSize() > MOST_BYTES and len(told.violations) > 1:
                told.violations.remove(added)
                break
        return (told,)


def subject(problem: PublishProblem) -> str:
    """Where it is: `document.body:12 (//img)[1]`."""
    line = f":{problem.line}" if problem.line else ""
    return f"{problem.field}{line} {problem.element}".strip()


def description(problem: PublishProblem) -> str:
    if not problem.HasField("criterion"):
        return problem.message
    criterion = problem.criterion
    return f"{problem.message} (WCAG 2.2, {criterion.number} {criterion.name}, {criterion.level})"
