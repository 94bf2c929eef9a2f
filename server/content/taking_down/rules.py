"""What may become of what the public sees, once it is there; which drafts are in the way, and where readers may be led.

Where changes lead is said by `review.transitions`. docs/taking-down.md shows it.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from gazette.content.v1.document_pb2 import LiveState
from gazette.content.v1.taking_down_pb2 import DraftHandling
from server import delivery
from server.content.failures import InvalidLocation
from server.content.taking_down.failures import DraftInTheWay, LocationNotAllowed, WrongLiveState
from server.content.transitions import NOTHING, VANISHED, Verb

KEEP, DISCARD = DraftHandling.DRAFT_HANDLING_KEEP, DraftHandling.DRAFT_HANDLING_DISCARD
HTTPS_PORTS = {None, 443}


def step(state: int, change: Verb) -> LiveState.ValueType:
    """What the public sees after a change of that. Raises WrongLiveState."""
    if state not in change.live_needs or change.live is None:
        raise WrongLiveState(state, change.live_needs)
    return change.live


def concerns_vanishing(state: int, change: Verb) -> bool:
    """Whether the change makes something vanish, or brings back what has vanished: more than publishers may."""
    return change.live == VANISHED or (state == VANISHED and state in change.live_needs)


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
