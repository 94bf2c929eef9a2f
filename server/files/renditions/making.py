"""Renditions are made when they are first asked for, in processes of their own, and kept in the storage for all who ask later.

Whoever asks for one that is being made waits for the same work. It goes on when they leave: the next one will ask for it, too.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from prometheus_client import Counter, Gauge, Histogram

from server.background import tasks
from server.background.processes import Processes, TooCostly
from server.files import blob_references, failures
from server.files.downloads.served import Served
from server.files.examining import copies
from server.files.renditions import queries, rules
from server.files.renditions.failures import NoRenditions
from server.files.renditions.specifications import Wanted
from server.formats import drawing
from server.formats.malformed import Malformed
from server.formats.wanted import Made
from server.rpc.failures import ResourceExhausted, Unavailable
from server.stores.blobs import ObjectStorage
from server.stores.postgres import AnyRow, Database

log = structlog.get_logger(__name__)

SECONDS = 10.0
"""Of CPU time for one."""
PATIENCE = 30.0
"""Seconds that one may take on a busy machine, once it has its turn."""
AT_ONCE = 2
HELD = 4096
"""How many a process knows by heart, which never become others; and how many files that cannot be drawn."""
HOPELESS_SECONDS = 600.0
"""For how long nobody tries again what could not be drawn."""

RENDITIONS = Counter(
    "gazette_renditions_total",
    "Renditions that were asked for and were not there: made, refused (the file cannot be drawn), exhausted or unavailable.",
    ["outcome"],
)
ended = {outcome: RENDITIONS.labels(outcome).inc for outcome in ("made", "refused", "exhausted", "unavailable")}
SERVED = Counter("gazette_renditions_served_total", "Renditions that were sent, made just now or before.")
DURATION = Histogram(
    "gazette_rendition_duration_seconds",
    "How long it took to make one, its turn and the storage included.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
WAITING = Gauge(
    "gazette_renditions_waiting", "Renditions that are being made, or wait for their turn.", multiprocess_mode="livesum"
)


@dataclass(frozen=True)
class Making:
    """Finds renditions, and makes those that are not there."""

    database: Database
    storage: ObjectStorage
    processes: Processes
    held: OrderedDict[str, AnyRow] = field(default_factory=OrderedDict)
    """By key of the storage."""
    under_way: dict[str, asyncio.Task[AnyRow]] = field(default_factory=dict)
    hopeless: OrderedDict[str, float] = field(default_factory=OrderedDict)
    """By key of a blob that could not be drawn, until when nobody tries again."""

    async def rendition(self, source: Served, wanted: Wanted) -> AnyRow:
        """The row of one. Raises NoRenditions, ResourceExhausted, Unavailable."""
        key = rules.key(source.blob_key, wanted)
        if (known := self.held.get(key)) is not None:
            self.held.move_to_end(key)
            return known
        async with self.database.read() as connection:
            found = await queries.rendition(connection, source.blob_key, wanted.specification)
        if found is None:
            found = await self.once(key, source, wanted)
        self.hold(key, found)
        return found

    async def again(self, lost: Any, source: Served, wanted: Wanted) -> AnyRow:
        """One whose bytes the storage has lost."""
        log.warning("a rendition is not in the object storage, and is made again", key=lost.key)
        self.held.pop(lost.key, None)
        async with self.database.transaction() as connection:
            await queries.remove(connection, lost.blob_key, lost.specification)
        return await self.rendition(source, wanted)

    def hold(self, key: str, row: AnyRow) -> None:
        self.held[key] = row
        forget(self.held)

    async def once(self, key: str, source: Served, wanted: Wanted) -> AnyRow:
        task = self.under_way.get(key)
        if task is None:
            task = self.under_way[key] = tasks.begin(self.counted(key, source, wanted))
            task.add_done_callback(lambda _: self.under_way.pop(key, None))
        return await asyncio.shield(task)

    async def counted(self, key: str, source: Served, wanted: Wanted) -> AnyRow:
        outcome = "unavailable"
        try:
            with WAITING.track_inprogress(), DURATION.time():
                row = await self.made(key, source, wanted)
            outcome = "made"
        except NoRenditions:
            outcome = "refused"
            raise
        except ResourceExhausted:
            outcome = "exhausted"
            raise
        finally:
            ended[outcome]()
        return row

    async def made(self, key: str, source: Served, wanted: Wanted) -> AnyRow:
        if self.hopeless.get(source.blob_key, 0.0) > time.monotonic():
            raise NoRenditions(drawing.CANNOT)
        async with self.processes.place():
            try:
                async with self.at_hand(source) as path, asyncio.timeout(PATIENCE):
                    made = await self.processes.done(drawing.draw, path, source.content_type, wanted.drawn, seconds=SECONDS)
            except TimeoutError:
                raise Unavailable from None
            except (Malformed, TooCostly) as error:
                log.info("a file cannot be drawn", blob=source.blob_key, error=repr(error))
                self.hopeless[source.blob_key] = time.monotonic() + HOPELESS_SECONDS
                forget(self.hopeless)
                raise NoRenditions(drawing.CANNOT) from None
            return await self.stored(key, source, wanted, made)

    @asynccontextmanager
    async def at_hand(self, source: Served) -> AsyncIterator[str]:
        """The path of its bytes, for another process."""
        if (path := self.storage.local(source.blob_key)) is not None:
            yield str(path)
            return
        async with copies.at_hand(self.storage, source.blob_key, source.size_bytes) as copy:
            yield copy.path

    async def stored(self, key: str, source: Served, wanted: Wanted, made: Made) -> AnyRow:
        """Under the lock of what it was made from: nobody else stores the same meanwhile, or takes that away. Raises
        FileNotFound where it is gone."""
        async with self.database.transaction() as connection:
            await blob_references.lock(connection, source.blob_key)
            if (found := await queries.rendition(connection, source.blob_key, wanted.specification)) is not None:
                return found
            if not await blob_references.is_referenced(connection, source.blob_key):
                raise failures.FileNotFound
            await self.storage.write(key, whole(made.data), content_type=wanted.content_type)
            return await queries.add(
                connection,
                blob_key=source.blob_key,
                specification=wanted.specification,
                key=key,
                content_type=wanted.content_type,
                size_bytes=len(made.data),
                sha256=hashlib.sha256(made.data).hexdigest(),
                width=made.width,
                height=made.height,
            )


def forget(held: OrderedDict[str, Any]) -> None:
    """What has been held longest, where that is too much."""
    while len(held) > HELD:
        held.popitem(last=False)


async def whole(data: bytes) -> AsyncIterator[bytes]:
    yield data
