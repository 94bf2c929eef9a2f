"""A sweep, from its beginning to its end: batch by batch, with a little of either side in memory."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog

from server.files import blob_references
from server.files.quotas import reserving
from server.files.sweeping import queries, rules
from server.files.sweeping.reports import Lost, Miscount, Orphan, Report
from server.stores.blobs import ObjectStorage, Stat
from server.stores.postgres import AnyRow, Database

log = structlog.get_logger(__name__)

BATCH = 500
AT_ONCE = 8
Each = TypeVar("Each")


async def nothing() -> None:
    """Between the batches of a sweep that nobody else would take over."""


@dataclass(frozen=True)
class Sweep:
    """Looks at all that is in the storage, and for all that is to be there."""

    database: Database
    storage: ObjectStorage
    removes: bool = True
    """Otherwise it tells what it would do."""
    is_forced: bool = False
    """Whether orphans go however many there are."""
    age: timedelta = rules.GRACE
    going_on: Callable[[], Awaitable[None]] = nothing
    """Called between batches; what it raises ends the sweep."""

    async def run(self) -> Report:
        """Raises Unavailable; what was done until then stays done."""
        report = Report()
        for prefix in rules.PREFIXES:
            await self.look_through(prefix, report)
        blobs = sum(each.key.startswith(f"{rules.BLOBS}/") for each in report.orphans)
        report.is_held_back = not (self.is_forced or rules.is_credible(blobs, report.blobs))
        if self.removes:
            await self.remove(report)
        for prefix in rules.ASSEMBLED:
            await self.abandon(prefix, report)
        await self.find_lost(report)
        await self.find_lost_renditions(report)
        await self.count(report)
        return report

    async def look_through(self, prefix: str, report: Report) -> None:
        """Finds orphans: what is old enough, and unknown to the database."""
        async for batch in batches(self.storage.stats(prefix)):
            await self.going_on()
            report.objects += len(batch)
            report.blobs += len(batch) if prefix == rules.BLOBS else 0
            old = {each.key: each.size for each in batch if self.is_old(each.modify_time)}
            if old and len(report.orphans) < rules.MOST:
                report.orphans += [Orphan(key, old[key]) for key in sorted(await self.unknown(prefix, list(old)))]

    def is_old(self, time: datetime) -> bool:
        return time <= datetime.now(UTC) - self.age

    async def unknown(self, prefix: str, keys: Sequence[str]) -> set[str]:
        async with self.database.read() as connection:
            if prefix == rules.BLOBS:
                return await queries.unreferenced(connection, keys)
            if prefix == rules.RENDITIONS:
                return await queries.unknown_renditions(connection, keys)
            uploads = {key: rules.upload_of(key) for key in keys}
            ids = {id for id in uploads.values() if id is not None}
            gone = await queries.unknown_uploads(connection, ids)
            return {key for key, id in uploads.items() if id is None or id in gone}

    async def remove(self, report: Report) -> None:
        for each in report.orphans:
            prefix = each.key.partition("/")[0]
            if prefix == rules.BLOBS and report.is_held_back:
                continue
            await self.going_on()
            if await self.remove_one(prefix, each.key):
                log.info("orphan removed", key=each.key, size=each.size)

    async def remove_one(self, prefix: str, key: str) -> bool:
        """Unless somebody refers to it by now, or has put something else there."""
        async with self.database.transaction() as connection:
            await blob_references.lock(connection, key)
            found = await self.storage.stat(key)
            if found is None or not self.is_old(found.modify_time):
                return False
            if prefix == rules.BLOBS:
                return await blob_references.release(connection, self.storage, key)
        if key not in await self.unknown(prefix, [key]):
            return False
        await self.storage.delete(key)
        return True

    async def abandon(self, prefix: str, report: Report) -> None:
        """Finds what was begun and is not to be finished any more, and removes it."""
        async for key, assembly, begin_time in self.storage.assemblies(prefix):
            if not self.is_old(begin_time):
                continue
            await self.going_on()
            async with self.database.read() as connection:
                if await queries.is_assembled(connection, assembly):
                    continue
            report.orphans.append(Orphan(key, 0, assembly))
            if self.removes:
                await self.storage.abandon(key, assembly)
                log.info("stale assembly removed", key=key)

    async def find_lost(self, report: Report) -> None:
        after, version = queries.FIRST, 0
        while rows := await self.some_files(after):
            await self.look_for(rows, report)
            after = rows[-1].id
        after = queries.FIRST
        while rows := await self.some_versions(after, version):
            await self.look_for(rows, report)
            after, version = rows[-1].id, rows[-1].version

    async def some_files(self, after: uuid.UUID) -> Sequence[AnyRow]:
        async with self.database.read() as connection:
            return await queries.files(connection, after, BATCH)

    async def some_versions(self, after: uuid.UUID, version: int) -> Sequence[AnyRow]:
        async with self.database.read() as connection:
            return await queries.versions(connection, after, version, BATCH)

    async def look_for(self, rows: Sequence[AnyRow], report: Report) -> None:
        await self.going_on()
        report.files += len(rows)
        for row, found in zip(rows, await self.stats([row.blob_key for row in rows]), strict=True):
            if found is not None and found.size == row.size_bytes:
                continue
            async with self.database.read() as connection:
                if not await queries.is_still(connection, row):
                    continue
            flaw = "is not in the storage" if found is None else f"has {found.size} bytes in the storage, not {row.size_bytes}"
            report.lost.append(Lost(row.id, row.version, row.organisation_id, row.name, row.blob_key, flaw))
            log.error("a file's bytes are lost", file=str(row.id), version=row.version, key=row.blob_key, flaw=flaw)

    async def find_lost_renditions(self, report: Report) -> None:
        after = ""
        while rows := await self.some_renditions(after):
            await self.going_on()
            for row, found in zip(rows, await self.stats([row.key for row in rows]), strict=True):
                if found is None:
                    report.lost_renditions.append(row.key)
                    await self.forget(row)
            after = max(row.blob_key for row in rows)

    async def some_renditions(self, after: str) -> Sequence[AnyRow]:
        async with self.database.read() as connection:
            return await queries.renditions(connection, after, AT_ONCE)

    async def forget(self, row: AnyRow) -> None:
        if self.removes:
            async with self.database.transaction() as connection:
                await queries.forget_rendition(connection, row.key)

    async def stats(self, keys: Sequence[str]) -> list[Stat | None]:
        found: list[Stat | None] = []
        for start in range(0, len(keys), AT_ONCE):
            found += await asyncio.gather(*(self.storage.stat(key) for key in keys[start : start + AT_ONCE]))
        return found

    async def count(self, report: Report) -> None:
        """Holds each organisation's usage against its files, and corrects it."""
        async with self.database.read() as connection:
            organisations = await queries.organisations(connection)
        for id in organisations:
            await self.going_on()
            async with self.database.read() as connection:
                if (await reserving.used(connection, id)).used_bytes == await queries.found(connection, id):
                    continue
            async with self.database.transaction() as connection:  # now for good: whoever is about to change it waits
                counted = (await reserving.locked(connection, id)).used_bytes
                found = await queries.found(connection, id)
                if counted != found:
                    report.miscounts.append(Miscount(id, counted, found))
                if counted != found and self.removes:
                    await reserving.correct(connection, id, found)


async def batches(each: AsyncIterator[Each], size: int = BATCH) -> AsyncIterator[list[Each]]:
    held: list[Each] = []
    async for one in each:
        held.append(one)
        if len(held) == size:
            yield held
            held = []
    if held:
        yield held
