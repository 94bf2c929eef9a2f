"""What may become of what the public sees, once it is there; which drafts are in the way, and where readers may be led.

CHANGES is the one place that knows the transitions. docs/taking-down.md shows them, by `python -m tools.transitions`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import urlsplit

from gazette.content.v1.document_pb2 import LiveState
from gazette.content.v1.taking_down_pb2 import DraftHandling
from server import delivery
from server.content.failures import InvalidLocation
from server.content.publishing.pages import GONE, PUBLISHED, REDIRECTED, VANISHED, WITHDRAWN
from server.content.review.rules import NOTHING
from server.content.taking_down.failures import DraftInTheWay, LocationNotAllowed, WrongLiveState

KEEP, DISCARD = DraftHandling.DRAFT_HANDLING_KEEP, DraftHandling.DRAFT_HANDLING_DISCARD
HTTPS_PORTS = {None, 443}


class Change(NamedTuple):
    """A change of what the public sees, beside publication."""

    action: str
    """What the audit calls it."""
    needs: tuple[LiveState.ValueType, ...]
    leads_to: LiveState.ValueType


SEEN = (PUBLISHED, WITHDRAWN, REDIRECTED, GONE)
WITHDRAW = Change("document.withdraw", SEEN, WITHDRAWN)
REMOVE = Change("document.remove", SEEN, GONE)
REDIRECT = Change("document.redirect", SEEN, REDIRECTED)
VANISH = Change("document.vanish", SEEN, VANISHED)
RESTORE = Change("document.reinstate", (WITHDRAWN, REDIRECTED, GONE, VANISHED), PUBLISHED)
CHANGES = (WITHDRAW, REMOVE, REDIRECT, VANISH, RESTORE)


def step(state: int, change: Change) -> LiveState.ValueType:
    """What the public sees after it. Raises WrongLiveState."""
    if state not in change.needs:
        raise WrongLiveState(state, change.needs)
    return change.leads_to


def concerns_vanishing(state: int, change: Change) -> bool:
    """Whether the change makes something vanish, or brings back what has vanished: more than publishers may."""
    return change.leads_to == VANISHED or (state == VANISHED and state in change.needs)


def draft_left(state: int, handling: int) -> int:
    """Where the draft stands afterwards. Raises DraftInTheWay where there is one and nobody has said what becomes of it."""
    if state == NOTHING or handling == DISCARD:
        return NOTHING
    if handling != KEEP:
        raise DraftInTheWay(state)
    return state


def check_location(target: str, hosts: Collection[str], field: str) -> None:
    """Raises InvalidLocation for what is neither a path nor an https URL, and LocationNotAllowed for a URL of a host that is
    not among these."""
    where = delivery.location(target)
    if where is None:
        raise InvalidLocation(field)
    if not where.startswith("/") and not is_trusted(where, hosts):
        raise LocationNotAllowed(field, where.removeprefix("https://").partition("/")[0])


def is_trusted(url: str, hosts: Collection[str]) -> bool:
    """Whether it is of one of the hosts, at the port of https; `*.` before one means all that are below it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    is_below = any(each.startswith("*.") and host.endswith(each[1:]) for each in hosts)
    return port in HTTPS_PORTS and (host in hosts or is_below)
