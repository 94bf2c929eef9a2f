"""Why what the public sees cannot be made another thing."""

from __future__ import annotations

from collections.abc import Iterable

from gazette.content.v1.document_pb2 import LiveState
from server.content.failures import DraftInProgress, live_state_name, state_name
from server.rpc.failures import FailedPrecondition, InvalidArgument, Violation


class DraftInTheWay(DraftInProgress):
    """The same, where the caller can say what becomes of the draft."""

    def __init__(self, state: int) -> None:
        name = state_name(state)
        super().__init__(f"The document has a draft ({name}). Say whether to KEEP or to DISCARD it, as `draft`.", state=name)


class WrongLiveState(FailedPrecondition):
    """What the public sees of the document is not what this can be done to."""

    reason = "WRONG_LIVE_STATE"

    def __init__(self, state: int, needed: Iterable[LiveState.ValueType]) -> None:
        wanted, name = " or ".join(live_state_name(each) for each in needed), live_state_name(state)
        super().__init__(f"The document is {name}; this needs one that is {wanted}.", live_state=name)


class NeverAPage(FailedPrecondition):
    """There is no page to go back to: what was imported as gone or redirected says something that nobody has seen."""

    reason = "NEVER_A_PAGE"
    message = "The public has never seen a page of what the document says. Publish a draft instead."


class LocationNotAllowed(InvalidArgument):
    """Readers are led to hosts alone that the installation trusts: a redirect lends them the site's good name."""

    reason = "LOCATION_NOT_ALLOWED"

    def __init__(self, field: str, host: str) -> None:
        super().__init__(Violation(field, f"{host} is not among the hosts that readers may be led to (REDIRECT_HOSTS)"))
