"""One piece of an upload, as it comes: kept in parts of an assembly, and what is less than a part beside them.

What is kept is noted in the upload's row, and only what is noted counts: a process that dies has kept what it had noted. A
later piece takes the row over, and this one finds that out when it notes the next time. So what it writes that is not noted yet
must be in nobody's way: each tail has a name of its own, and a part holds the same bytes of the file, whoever sends it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from server.background.behind import Behind
from server.files.examining import sniffing
from server.files.examining.sniffing import SNIFFED_BYTES
from server.files.failures import SizeMismatch, UploadTooSlow
from server.files.fields import Fields
from server.files.resumable import queries
from server.files.resumable.buffer import Buffer
from server.files.resumable.failures import ChecksumMismatch, UploadTakenOver
from server.files.resumable.rules import TAIL
from server.files.resumable.tus import Checksum
from server.files.uploads.receiving import GRACE_SECONDS, LEAST_A_SECOND, RECEIVED
from server.rpc.failures import Unavailable, Violation
from server.stores.blobs import ObjectStorage, Part, StorageUnavailable
from server.stores.postgres import Database

UNKNOWN_TYPE = "application/octet-stream"
"""Of what is in the quarantine: it becomes something else when it is examined."""
PUTS = 2
"""How many parts are put at a time, while the next one comes."""
FIELDS = Fields("upload.name", "upload.size_bytes", "upload.sha256", "content")


class Piece:
    """What a call adds to an upload: `begin`, then `take`; and whatever becomes of that, `keep`."""

    def __init__(
        self, database: Database, storage: ObjectStorage, row: Any, allowed: frozenset[str], checksum: Checksum | None = None
    ) -> None:
        self.database, self.storage, self.allowed, self.checksum = database, storage, allowed, checksum
        self.row, self.holder = row, row.holder
        self.assembly: str = row.storage_upload
        self.noted_assembly = self.assembly
        self.tail = next((part for part in parts_of(row) if part.number == TAIL), None)
        self.parts = [part for part in parts_of(row) if part.number != TAIL]
        self.buffer = Buffer()
        """What comes behind the parts."""
        self.putting = Behind(PUTS)
        self.last_number = len(self.parts)
        """Of the parts that are there, or are being put."""
        self.noted = row.received_bytes
        self.is_known = False
        """Whether it was seen that it is of a type that is allowed."""
        self.is_trusted = checksum is None
        """Whether what has come may be kept."""

    @property
    def at(self) -> int:
        """How many bytes there are, noted or not. Nothing is being put."""
        return sum(part.size for part in self.parts) + len(self.buffer)

    async def begin(self) -> None:
        """Fetches what the last piece left that was less than a part."""
        if self.tail is not None:
            async for chunk in self.storage.read(tail_key(self.row.key, self.tail), 0, self.tail.size):
                self.buffer.add(chunk)

    async def take(self, chunks: AsyncIterator[bytes]) -> None:
        """Takes what comes. Raises SizeMismatch, FileTypeNotAllowed, UploadTooSlow, UploadTakenOver, ChecksumMismatch, what the
        storage does, and CancelledError when the client leaves: what came before stays to be kept, but for the last two."""
        start, came, total = time.monotonic(), 0, self.noted
        async for chunk in chunks:
            came += len(chunk)
            total += len(chunk)
            RECEIVED.inc(len(chunk))
            if time.monotonic() - start > GRACE_SECONDS + came / LEAST_A_SECOND:
                raise UploadTooSlow
            if total > self.row.size_bytes:
                raise SizeMismatch(Violation(FIELDS.size, f"says {self.row.size_bytes} bytes, and more came"))
            if self.checksum is not None:
                self.checksum.hash.update(chunk)
            self.buffer.add(chunk)
            if not self.is_known:
                self.look(is_whole=total == self.row.size_bytes)
            while len(self.buffer) >= self.storage.part_bytes:
                await self.put(self.storage.part_bytes)
        await asyncio.sleep(0)  # a client that left ends the chunks as if all had come; its cancellation arrives only here
        await self.putting.done()
        if self.checksum is not None and not self.checksum.is_met:
            raise ChecksumMismatch(Violation("upload-checksum", "is not that of the bytes that came; send them again"))
        self.is_trusted = True

    def look(self, *, is_whole: bool) -> None:
        """Refuses what begins as no file that is taken, before the rest of it comes. Raises FileTypeNotAllowed."""
        if self.last_number:
            self.is_known = True
        elif is_whole or len(self.buffer) >= SNIFFED_BYTES:
            sniffing.content_type(self.buffer.beginning(SNIFFED_BYTES), self.row.name, self.allowed, FIELDS)
            self.is_known = True

    async def put(self, size: int) -> None:
        """Begins to put so many of the bytes as the next part, as soon as there is room for another."""
        if self.assembly:
            await self.putting.room()
        else:
            await self.putting.done()
        self.last_number += 1
        await self.putting.begin(self.put_part, self.last_number, self.buffer.cut(size), self.putting.newest)

    async def put_part(self, number: int, data: list[bytes], before: asyncio.Task[None] | None) -> None:
        """Puts a part, and notes it once the one before it is noted."""
        if not self.assembly:
            self.assembly = await self.storage.begin(self.row.key, content_type=UNKNOWN_TYPE)
        part = await self.storage.put_part(self.row.key, self.assembly, number, data)
        if before is not None:
            await asyncio.shield(before)
        self.parts.append(part)
        if self.checksum is None:
            await self.note(self.parts, sum(part.size for part in self.parts))

    async def note(self, parts: list[Part], received: int, *, is_over: bool = False, **more: Any) -> None:
        """Notes how far it has come. Raises UploadTakenOver."""
        columns = {"parts": [list(part) for part in parts], "received_bytes": received, "storage_upload": self.assembly, **more}
        async with self.database.transaction() as connection:
            is_ours = await queries.note(connection, self.row.id, self.holder, is_over=is_over, **columns)
        if not is_ours:
            raise UploadTakenOver
        self.noted, self.noted_assembly = received, self.assembly
        old, self.tail = self.tail, next((part for part in parts if part.number == TAIL), None)
        if old is not None and old != self.tail:
            await discarded(self.storage, tail_key(self.row.key, old))

    async def keep(self) -> None:
        """Keeps what has come, in whichever way the piece ended, and lets go of the upload. Raises UploadTakenOver."""
        try:
            try:
                await self.putting.done()
            except Unavailable:
                self.buffer.clear()  # it comes behind what could not be kept
            if self.at <= self.noted or not self.is_trusted:
                await self.let_go()
            elif self.buffer:
                await self.keep_tail(Part(TAIL, len(self.buffer), secrets.token_hex(4)))
            else:
                await self.note(self.parts, self.at, is_over=True)
        except UploadTakenOver:
            await self.drop()
            raise

    async def let_go(self) -> None:
        async with self.database.transaction() as connection:
            is_ours = await queries.note(connection, self.row.id, self.holder, is_over=True)
        if not is_ours:
            raise UploadTakenOver
        await self.drop()

    async def keep_tail(self, tail: Part) -> None:
        key = tail_key(self.row.key, tail)
        await self.storage.write(key, once(bytes(self.buffer)), content_type=UNKNOWN_TYPE)
        try:
            await self.note([*self.parts, tail], self.at, is_over=True)
        except UploadTakenOver:
            await discarded(self.storage, key)
            raise

    async def complete(self) -> None:
        """Keeps the last bytes of the whole. From here on a job goes on with it, should this process die."""
        if not self.parts:
            await self.storage.write(self.row.key, once(bytes(self.buffer)), content_type=UNKNOWN_TYPE)
            self.buffer.clear()
        else:
            if self.buffer:
                await self.put(len(self.buffer))
                await self.putting.done()
            when = queries.WHEN_TOGETHER
            await self.note(self.parts, self.row.size_bytes, held_until=when, next_attempt_time=when)

    async def drop(self) -> None:
        """Takes away what nobody knows of."""
        with suppress(Unavailable):
            if self.assembly and self.assembly != self.noted_assembly:
                await self.storage.abandon(self.row.key, self.assembly)


def parts_of(row: Any) -> list[Part]:
    return [Part(*part) for part in row.parts]


def tail_key(key: str, tail: Part) -> str:
    return f"{key}-tail-{tail.tag}"


async def discarded(storage: ObjectStorage, key: str) -> None:
    """Removes what nobody knows of any more; where that fails, the sweep will."""
    with suppress(StorageUnavailable):
        await storage.delete(key)


async def once(data: bytes) -> AsyncIterator[bytes]:
    yield data
