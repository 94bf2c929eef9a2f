"""Why a revision cannot be shown or restored, or a draft not be given up."""

from __future__ import annotations

from server.content.failures import live_state_name
from server.rpc.failures import FailedPrecondition, InvalidArgument, NotFound


class RevisionNotFound(NotFound):
    """The document has none of that number."""

    reason = "REVISION_NOT_FOUND"
    message = "The document has no such revision."


class Unrestorable(FailedPrecondition):
    """What was saved by the rules of its day could not be saved today: the request is right."""

    def __init__(self, failure: InvalidArgument) -> None:
        super().__init__(f"The revision cannot be restored as it is: {failure.message}", reason=failure.reason)
        self.http_status = failure.http_status


class NothingPublic(FailedPrecondition):
    """There is nothing that the document could go back to."""

    reason = "WRONG_LIVE_STATE"

    def __init__(self, state: int) -> None:
        told = "The document was never public, so there is nothing to go back to. Delete it instead (DeleteDocument)."
        super().__init__(told, live_state=live_state_name(state))


class NoDraft(FailedPrecondition):
    """There is nothing to give up."""

    reason = "WRONG_STATE"
    message = "The document has no draft: its newest revision is what the public sees."
