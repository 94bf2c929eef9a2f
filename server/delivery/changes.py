"""What was published, as this process hears of it: drops it from the caches, here and in Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from server import tasks
from server.cache import CacheUnavailable
from server.database import AnyRow, Database
from server.delivery.list_cache import ListCache
from server.delivery.page_cache import PageCache
from server.delivery.shared_cache import SharedCache
from server.errors import Unavailable
from server.notifications import Listener
from server.record import queries as record
from server.record import rules

MOST_MISSED = 10_000
RETRY_SECONDS = 1.0


@dataclass
class Changes:
    """Follows the record. Redis is read only while it knows of every change that this process knows of (`is_shared_true`)."""

    database: Database
    page_cache: PageCache
    list_cache: ListCache
    shared_cache: SharedCache
    head: int = 0
    """The newest record number that was applied here."""
    marks: dict[tuple[str, str], int] = field(default_factory=dict)
    """What Redis was not told yet: path and locale, and the record number."""
    is_shared_known: bool = False
    """Whether Redis was once brought up to the record as it was when this process began to listen."""
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    @property
    def is_shared_true(self) -> bool:
        return self.is_shared_known and not self.marks

    def follow(self, listener: Listener) -> None:
        listener.subscribe(record.CHANNEL, self.receive, self.catch_up)

    def start(self) -> None:
        self.task = asyncio.create_task(self.tell_shared_cache(), name="shared cache")

    async def stop(self) -> None:
        await tasks.end(self.task)

    def receive(self, payload: str) -> None:
        number, locale, path, covers_prefix = rules.read_notice(payload)
        self.apply(number, path, locale, covers_prefix=covers_prefix)

    def apply(self, number: int, path: str, locale: str, *, covers_prefix: bool) -> None:
        self.head = max(self.head, number)
        self.page_cache.changed(path, locale, covers_prefix=covers_prefix)
        self.list_cache.changed(self.head)
        self.marks[path, locale] = number
        self.wake.set()

    async def catch_up(self) -> None:
        """After every connect: applies what was published while nothing was heard."""
        async with self.database.read() as connection:
            if self.head == 0:
                self.page_cache.clear()
                self.head = await record.head(connection)
                missed: Sequence[AnyRow] = ()
            else:
                missed = await record.changes_after(connection, self.head, MOST_MISSED)
        if len(missed) == MOST_MISSED:
            self.page_cache.clear()
        for change in missed:
            self.apply(change.number, change.path, change.locale, covers_prefix=True)
        self.list_cache.changed(self.head)
        self.is_shared_known = False
        self.wake.set()

    async def tell_shared_cache(self) -> None:
        """Keeps Redis told, in order, for as long as the process runs."""
        while True:
            await self.wake.wait()
            self.wake.clear()
            try:
                await self.flush()
            except (CacheUnavailable, Unavailable):  # what is not told stays in `marks`
                await asyncio.sleep(RETRY_SECONDS)
                self.wake.set()

    async def flush(self) -> None:
        if not self.is_shared_known:
            await self.bring_up_shared_cache()
        while self.marks:
            head = self.head
            for (path, locale), number in [*self.marks.items()]:
                if not await self.shared_cache.mark(path, locale, number):
                    raise CacheUnavailable
                if self.marks.get((path, locale)) == number:
                    del self.marks[path, locale]
            if not await self.shared_cache.advance(head):
                raise CacheUnavailable

    async def bring_up_shared_cache(self) -> None:
        """Marks in Redis what was published while no process told it."""
        known = await self.shared_cache.head()
        if known is None and not await self.shared_cache.advance(self.head):  # an empty one holds nothing that could be wrong
            raise CacheUnavailable
        while known is not None and known < self.head:
            async with self.database.read() as connection:
                changes = await record.changes_after(connection, known, MOST_MISSED)
            for change in changes:
                self.marks[change.path, change.locale] = change.number
            known = changes[-1].number if changes else self.head
        self.is_shared_known = True
