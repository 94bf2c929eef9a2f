"""What is served while nobody can be asked whether it still holds."""

from __future__ import annotations

import time

import pytest

from server.delivery.pages.cache import Entry, PageCache
from server.delivery.pages.reading import Read, Reader
from server.rpc.failures import Unavailable

KEY = ("/a", "en")


class Outage(Reader):
    """PostgreSQL and Redis are away."""

    def __init__(self) -> None:
        """Without either."""

    async def shared(self, path: str, locale: str, known: int = 0) -> Read | None:
        return None

    async def stored(self, path: str, locale: str) -> Read | None:
        raise Unavailable


def cache(lost_since: float | None, *, stale_seconds: float = 300) -> PageCache:
    return PageCache(Outage(), 1_000_000, stale_seconds, lost_since=lambda: lost_since, shared_head=lambda: 0)


async def test_a_page_that_was_held_for_long() -> None:
    """A page that was true until the connection was lost is served, however long ago it was read (X3)."""
    now = time.monotonic()
    pages = cache(lost_since=now - 10)
    pages.put(KEY, Entry(7, b"seven", checked=now - 86_400))
    assert (await pages.get(*KEY)).answer == b"seven"


async def test_a_page_that_nobody_can_vouch_for() -> None:
    """A page is served unchecked up to a configured age, and no longer (I4)."""
    now = time.monotonic()
    pages = cache(lost_since=now - 10, stale_seconds=5)
    pages.put(KEY, Entry(7, b"seven", checked=now - 86_400))
    with pytest.raises(Unavailable):
        await pages.get(*KEY)


async def test_what_is_heard_is_held() -> None:
    """While notifications are heard a page is served from memory, whatever its age."""
    pages = cache(lost_since=None)
    pages.put(KEY, Entry(7, b"seven", checked=time.monotonic() - 86_400))
    assert pages.held(*KEY) is not None


async def test_what_nobody_holds() -> None:
    """A page that nobody holds is UNAVAILABLE, and not NOT_FOUND, while it cannot be looked up."""
    with pytest.raises(Unavailable) as caught:
        await cache(lost_since=time.monotonic() - 10).get("/b", "en")
    assert caught.value.reason == "DATABASE_UNAVAILABLE"


class Full(Outage):
    """PostgreSQL has no connection to spare, and Redis was not yet told of a change."""

    async def shared(self, path: str, locale: str, known: int = 0) -> Read | None:
        return None if known else Read(path, locale, 6, b"six")


async def test_what_is_known_to_be_old() -> None:
    """While notifications are heard, what Redis was not yet told to forget is neither served nor kept."""
    pages = PageCache(Full(), 1_000_000, 300, lost_since=lambda: None, shared_head=lambda: None)
    with pytest.raises(Unavailable):
        await pages.get(*KEY)
    assert pages.held(*KEY) is None
