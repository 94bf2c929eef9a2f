"""The answers that this process holds: the hot path. A hit neither parses nor builds a message.

What is held is true while notifications are heard: each publication drops its path here. While they are not heard, an entry is
checked against PostgreSQL again after a second, and served unchecked, up to a configured age, only if that cannot be reached.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from prometheus_client import Counter

from server.background import tasks
from server.delivery.pages import rules
from server.delivery.pages.reading import Read, Reader
from server.rpc.failures import Unavailable

log = structlog.get_logger(__name__)

CHECK_AFTER = 1.0  # seconds
CHECK_TIMEOUT = 1.0  # seconds
READ_TIMEOUT = 3.0  # seconds
MAX_ABSENT = 10_000
OVERHEAD = 600
"""Bytes that an entry takes beside its answer, about."""

REQUESTS = Counter(
    "gazette_page_cache_requests_total",
    "Pages that were looked for, by layer (memory, redis, database, stale) and whether they were there.",
    ["layer", "result"],
)
found = {
    (layer, result): REQUESTS.labels(layer, result).inc
    for layer in ("memory", "redis", "database", "stale")
    for result in ("hit", "miss")
}
found_in_memory = found["memory", "hit"]

Key = tuple[str, str]
"""path, locale ("" for no locale)."""


@dataclass(slots=True)
class Entry:
    """What a path serves: an answer, or that it serves none (`number` 0)."""

    number: int
    answer: bytes
    checked: float
    """time.monotonic() when it was last known to hold."""
    headers: tuple[tuple[str, str], ...] = ()
    """What it says over HTTP; made when first asked for."""
    leads_on: bool = field(init=False)
    """Whether it names another place, which may lead on by now."""

    def __post_init__(self) -> None:
        self.leads_on = rules.leads_on(self.answer)


def size(entry: Entry) -> int:
    """Bytes of memory, about."""
    return len(entry.answer) + OVERHEAD


def unchecked(entry: Entry, lost_since: float) -> float:
    """For how many seconds nobody has known whether the entry still holds: it did while notifications were heard."""
    return time.monotonic() - max(entry.checked, lost_since)


@dataclass
class Load:
    """A read that is under way. Whoever wants the same waits for it."""

    future: asyncio.Future[Entry]
    is_overtaken: bool = False
    """A publication came in between: what is read may be older, and is not kept."""


@dataclass
class PageCache:
    """Entries by path and locale, the least recently used dropped first."""

    reader: Reader
    max_bytes: int
    stale_seconds: float
    lost_since: Callable[[], float | None]
    """Since when (time.monotonic()) notifications are not heard; None while they are."""
    shared_head: Callable[[], int | None]
    """The record number that Redis must know of to be believed; None while it is known not to."""
    entries: OrderedDict[Key, Entry] = field(default_factory=OrderedDict)
    absent: OrderedDict[Key, Entry] = field(default_factory=OrderedDict)
    loads: dict[Key, Load] = field(default_factory=dict)
    bytes_held: int = 0
    unreachable_until: float = 0.0
    hits: int = 0
    """How many were held, and not counted by Prometheus yet: a counter of its own would cost more than the look (`tell`)."""

    def held(self, path: str, locale: str) -> Entry | None:
        """What is held and true now. The hot path ends here."""
        key = (path, locale)
        entry = self.entries.get(key)
        if entry is None:
            entry = self.absent.get(key)
        elif self.bytes_held * 2 > self.max_bytes:
            self.entries.move_to_end(key)
        if entry is not None and (lost_since := self.lost_since()) is not None and unchecked(entry, lost_since) > CHECK_AFTER:
            return None
        if entry is not None:
            self.hits += 1
        return entry

    async def get(self, path: str, locale: str) -> Entry:
        """What the path serves, read anew unless it is held. Raises Unavailable when nobody knows."""
        entry = self.held(path, locale)
        if entry is not None:
            return entry
        found["memory", "miss"]()
        key = (path, locale)
        load = self.loads.get(key)
        if load is None:
            load = self.loads[key] = Load(asyncio.get_running_loop().create_future())
            _ = tasks.begin(self.load(key, load))
        return await asyncio.shield(load.future)

    async def get_any(self, path: str, locale: str) -> Entry:
        """What the path serves in the locale, or else in any. Raises Unavailable."""
        if locale not in {"", rules.DEFAULT_LOCALE}:
            entry = await self.get(path, locale)
            if entry.number:
                return entry
        return await self.get(path, "")

    async def load(self, key: Key, load: Load) -> None:
        try:
            entry = await self.read(key, load)
        except BaseException as error:
            load.future.set_exception(error)
            load.future.exception()  # seen, even if every waiter has left
            if not isinstance(error, Exception):
                raise
        else:
            load.future.set_result(entry)
        finally:
            if self.loads.get(key) is load:
                del self.loads[key]

    async def read(self, key: Key, load: Load) -> Entry:
        """From Redis while notifications are heard, otherwise from PostgreSQL; failing that, what was held or is in Redis."""
        is_heard = self.lost_since() is None
        if is_heard:
            known = self.shared_head()
            if known is not None and (shared := await self.reader.shared(*key, known)) is not None:
                found["redis", "hit"]()
                return self.keep(key, load, shared)
            found["redis", "miss"]()
        elif time.monotonic() < self.unreachable_until:
            return await self.last_known(key, load)
        try:
            async with asyncio.timeout(READ_TIMEOUT if is_heard else CHECK_TIMEOUT):
                stored = await self.reader.stored(*key)
        except (Unavailable, TimeoutError):
            self.unreachable_until = time.monotonic() + CHECK_AFTER
            return await self.last_known(key, load)
        found["database", "miss" if stored is None else "hit"]()
        if stored is not None and stored.is_own and not load.is_overtaken:
            await self.reader.share(stored)
        return self.keep(key, load, stored)

    async def last_known(self, key: Key, load: Load) -> Entry:
        """What was true a while ago. Raises Unavailable when that is unknown or too long ago. While notifications are heard,
        what Redis holds and was not believed is known to be old."""
        entry, lost_since = self.entries.get(key) or self.absent.get(key), self.lost_since()
        if entry is None and lost_since is not None and (shared := await self.reader.shared(*key)) is not None:
            entry = Entry(shared.number, shared.answer, lost_since)
            if not load.is_overtaken:
                self.put(key, entry)
        if entry is None or unchecked(entry, lost_since or time.monotonic()) > self.stale_seconds:
            found["stale", "miss"]()
            raise Unavailable(reason="DATABASE_UNAVAILABLE")
        found["stale", "hit"]()
        return entry

    def keep(self, key: Key, load: Load, read: Read | None) -> Entry:
        entry = Entry(read.number, read.answer, time.monotonic()) if read else Entry(0, b"", time.monotonic())
        if not load.is_overtaken and (read is None or read.is_own):
            self.put(key, entry)
        return entry

    def put(self, key: Key, entry: Entry) -> None:
        self.discard(key)
        if entry.number == 0:
            self.absent[key] = entry
            if len(self.absent) > MAX_ABSENT:
                self.absent.popitem(last=False)
            return
        self.entries[key] = entry
        self.bytes_held += size(entry)
        while self.bytes_held > self.max_bytes:
            _, dropped = self.entries.popitem(last=False)
            self.bytes_held -= size(dropped)

    def discard(self, key: Key) -> None:
        dropped = self.entries.pop(key, None)
        if dropped is not None:
            self.bytes_held -= size(dropped)
        self.absent.pop(key, None)

    def changed(self, path: str, locale: str, *, covers_prefix: bool = False) -> None:
        """A publication at this path: what is held of it, or being read, no longer counts."""
        for key in ((path, locale), (path, "")):
            self.discard(key)
            self.overtake(key)
        if covers_prefix:  # every absent path below is redirected now
            below = path.rstrip("/") + "/"
            for key in [key for key in (*self.absent, *self.loads) if key[0].startswith(below)]:
                self.absent.pop(key, None)
                self.overtake(key)

    def forget_absent(self) -> None:
        """A redirect has come that may cover what is below it."""
        self.absent.clear()
        for key in [*self.loads]:
            self.overtake(key)

    def doubt(self) -> None:
        """Notifications are heard again. What was held before they were lost is true, but for the changes that the caller will
        tell. What was read since may be older than what is known now, and any path may be below a redirect."""
        lost_since = self.lost_since() or 0.0
        for key in [key for key, entry in self.entries.items() if entry.checked >= lost_since]:
            self.discard(key)
        self.absent.clear()
        for key in [*self.loads]:
            self.overtake(key)

    def clear(self) -> None:
        """Forgets everything: nobody can vouch for any of it."""
        self.entries.clear()
        self.absent.clear()
        self.bytes_held = 0
        for key in [*self.loads]:
            self.overtake(key)

    def overtake(self, key: Key) -> None:
        if key in self.loads:
            self.loads.pop(key).is_overtaken = True
