"""What may become public, and which redirects lead anywhere."""

from __future__ import annotations

from gazette.content.v1.document_pb2 import DraftState, LiveState
from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from server.content.failures import NotApproved, PathTaken, RedirectLoop
from server.content.review.rules import APPROVED, NOTHING


def publish(state: int) -> DraftState.ValueType:
    """What is left on the draft side when the newest revision becomes what the public sees: nothing."""
    if state != APPROVED:
        raise NotApproved
    return NOTHING


def check_redirect(state: int, path: str, former_path: str | None, location: str, *, preserves_suffix: bool = False) -> None:
    """Raises RedirectLoop for what would redirect to itself, to the former path that is about to redirect to it, or ever deeper
    below itself."""
    target = location.partition("#")[0].partition("?")[0].rstrip("/") or "/"
    is_deeper = preserves_suffix and target.startswith(path.rstrip("/") + "/")
    if state == LiveState.LIVE_STATE_REDIRECTED and (is_deeper or target in {path, former_path}):
        raise RedirectLoop


def check_free(answer_of_another: bytes | None, path: str, locale: str) -> None:
    """Raises PathTaken where another document's answer stands; what only leads elsewhere may be overwritten."""
    if answer_of_another is not None and not GetPageResponse.FromString(answer_of_another).HasField("redirect"):
        raise PathTaken(path, locale)
