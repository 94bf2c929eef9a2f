"""What was published, as this process hears of it: drops it from the caches, here and in Redis."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from gazette.record.v1.record_entry_pb2 import RecordEntryKind
from server import record
from server.background.jobs import Job
from server.delivery.horizon import Horizon
from server.delivery.lists.cache import ListCache
from server.delivery.pages.cache import PageCache
from server.delivery.pages.shared import SharedCache
from server.rpc.failures import Unavailable
from server.stores.postgres import Database
from server.stores.redis import CacheUnavailable

REDIRECTED = RecordEntryKind.RECORD_ENTRY_KIND_REDIRECTED
BATCH = 10_000
CHECK_SECONDS = 1.0
"""How often Redis is asked whether it still knows what it was told."""


@dataclass
class Changes:
    """Follows the record. Redis is read only while it knows of every change that this process knows of."""

    database: Database
    page_cache: PageCache
    list_cache: ListCache
    shared_cache: SharedCache
    horizon: Horizon
    head: int = 0
    """The newest record number that was heard of."""
    marks: dict[tuple[str, str], int] = field(default_factory=dict)
    """What Redis was not told yet: path and locale, and the record number."""
    is_shared_known: bool = False
    """Whether Redis was once brought up to the record as it was when this process began to listen."""
    is_caught_up: bool = False
    """Whether it is known what there is to tell Redis."""

    def __post_init__(self) -> None:
        self.job = Job("shared cache", self.tell_shared_cache, seconds=CHECK_SECONDS)

    @property
    def whole(self) -> int:
        """Up to here nothing was missed. Less than `head` when a publication is heard of before those that were missed are
        read."""
        return self.horizon.number

    @property
    def shared_head(self) -> int | None:
        """The number that Redis must know of to be believed; None while it is known not to."""
        return self.whole if self.is_shared_known and not self.marks else None

    @property
    def is_shared_true(self) -> bool:
        """Whether Redis knows of every change that this process knows of."""
        return self.shared_head is not None

    def receive(self, payload: str) -> None:
        number, locale, path, covers_prefix = record.read_notice(payload)
        self.apply(number, path, locale, covers_prefix=covers_prefix)
        if number == self.whole + 1:  # the record has no gaps: any other number says that something was missed
            self.horizon.move(number)

    def apply(self, number: int, path: str, locale: str, *, covers_prefix: bool = False) -> None:
        self.head = max(self.head, number)
        self.page_cache.changed(path, locale, covers_prefix=covers_prefix)
        self.list_cache.changed(self.head)
        self.mark(number, path, locale)
        self.job.wake()

    def mark(self, number: int, path: str, locale: str) -> None:
        self.marks[path, locale] = max(number, self.marks.get((path, locale), 0))

    async def catch_up(self) -> None:
        """After every connect: applies what was published while nothing was heard. What is published from then on is heard, in
        between too, so that nothing up to `head` is missed at the end."""
        if self.whole == 0:
            self.page_cache.clear()
        else:
            self.page_cache.doubt()
        await self.read_missed()
        self.horizon.move(self.head)
        self.list_cache.changed(self.head)
        self.is_shared_known = False
        self.is_caught_up = True
        self.job.wake()

    async def read_missed(self) -> None:
        """Applies what was published and not heard of yet."""
        async with self.database.read() as connection:
            if self.whole == 0:  # nothing that is held could be vouched for
                head = await record.head(connection)
                self.page_cache.clear()
                self.head = max(self.head, head)
                self.list_cache.changed(self.head)
                self.horizon.move(head)
                return
            is_more = True
            while is_more:
                missed = await record.changes_after(connection, self.whole, BATCH)
                for change in missed:
                    self.apply(change.number, change.path, change.locale)
                if any(change.kind == REDIRECTED for change in missed):
                    self.page_cache.forget_absent()
                if missed:
                    self.horizon.move(missed[-1].number)
                is_more = len(missed) == BATCH

    async def tell_shared_cache(self) -> None:
        """Tells Redis what it does not know yet, in order. What it could not be told stays in `marks`."""
        if self.is_caught_up:
            with suppress(CacheUnavailable, Unavailable):
                await self.flush()

    async def flush(self) -> None:
        if not (self.is_shared_known and self.marks):
            await self.bring_up_shared_cache()
        while self.marks:
            head = self.whole
            for (path, locale), number in [*self.marks.items()]:
                if not await self.shared_cache.mark(path, locale, number):
                    raise CacheUnavailable
                if self.marks.get((path, locale)) == number:
                    del self.marks[path, locale]
            if not await self.shared_cache.advance(head):
                raise CacheUnavailable

    async def bring_up_shared_cache(self) -> None:
        """Marks what was published while no process told Redis, or what it was told and has forgotten."""
        known = await self.shared_cache.head()
        if known is None and not await self.shared_cache.advance(self.whole):  # an empty one holds nothing that could be wrong
            raise CacheUnavailable
        while known is not None and known < self.whole:
            async with self.database.read() as connection:
                changes = await record.changes_after(connection, known, BATCH)
            for change in changes:
                self.mark(change.number, change.path, change.locale)
            known = changes[-1].number if changes else self.whole
        self.is_shared_known = True
