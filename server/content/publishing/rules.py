"""Which paths a publication may take, and which redirects lead anywhere."""

from __future__ import annotations

from collections.abc import Sequence

from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from server.content.failures import PathTaken, RedirectLoop
from server.delivery import Place


def check_circle(circle: Sequence[Place], field: str = "document.location") -> None:
    """Raises RedirectLoop for a redirect that leads through these places, and again."""
    if circle:
        is_one_language = len({place.locale for place in circle}) == 1
        places = [place.shown if is_one_language else f"{place.shown} ({place.locale})" for place in circle]
        raise RedirectLoop(places, field)


def check_free(answer_of_another: bytes | None, path: str, locale: str, *, is_vanishing: bool = False) -> None:
    """Raises PathTaken where another document's answer stands. What only leads elsewhere may be overwritten, but not by what
    vanishes: there is nothing of that any more."""
    if answer_of_another is None:
        return
    if is_vanishing or not GetPageResponse.FromString(answer_of_another).HasField("redirect"):
        raise PathTaken(path, locale)
