"""Following redirects: the one way in which they are, whoever looks up what a path serves.

When a page is read they are followed to where they lead at the moment, through the page cache (`leading`). When a redirect is
published they are followed in the transaction that has written it, so that none leads in a circle (`circles`). What a client
does that follows them one by one is the same: it asks for the path in the redirect's language, or else in any.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from gazette.delivery.v1.page_pb2 import Redirect
from server.delivery.pages.locations import parsed

MAX_HOPS = 10
"""As far as an answer is followed. Whoever gets further is told the last place, and asks again there."""
MAX_PATH = 512
"""No longer path is asked for: what gets so long becomes longer with each hop."""
ANY_END = "/!"
"""An end that no stored path has, where every one of them is meant: segments have no exclamation mark."""

Seek = Callable[[str, str], Awaitable[Redirect | None]]
"""The redirect that answers for a path in a language, or else in any; None where a page, or nothing, does."""


class Place(NamedTuple):
    """What is asked for on the way."""

    path: str
    locale: str

    @property
    def shown(self) -> str:
        """Its path for people; `/…` stands for any that ends so."""
        return self.path.replace(ANY_END, "/…")


class Way(NamedTuple):
    """Where a redirect leads."""

    location: str
    """As far as it was followed."""
    locale: str
    """The language to ask for there."""
    places: list[Place]
    """The paths of this site that it leads to, in order. Of a circle the last one stands there twice."""
    is_circle: bool = False
    is_unended: bool = False
    """Whether there were more hops than were to be followed."""


async def follow(redirect: Redirect, seek: Seek, *, start: Place | None = None, most: int = MAX_HOPS) -> Way:
    """Where the redirect leads that answers at `start`, after at most so many hops."""
    here, locale = parsed(redirect.location), redirect.locale
    if here is None:
        return Way(redirect.location, locale, [])
    places = [] if start is None else [start]
    for _ in range(most):
        if here.origin:
            return Way(str(here), "", places)
        place = Place(here.site_path, locale)
        if len(place.path) > MAX_PATH:
            break
        if place in places:
            return Way(str(here), locale, [*places, place], is_circle=True)
        places.append(place)
        found = await seek(*place)
        there = parsed(found.location) if found is not None else None
        if found is None or there is None:
            return Way(str(here), locale, places)
        here, locale = there.behind(here), found.locale
    return Way(str(here), "" if here.origin else locale, places, is_unended=not here.origin)
