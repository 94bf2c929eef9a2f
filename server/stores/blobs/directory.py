"""Blobs in a folder of this machine."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeVar

import structlog

from server.background.behind import Behind
from server.settings import InvalidSettings
from server.stores.blobs import folders
from server.stores.blobs.interface import (
    Part,
    PresignedForm,
    Stat,
    StorageUnavailable,
    checked,
    undone_on_failure,
)
from server.stores.blobs.reading import read_ahead
from server.stores.blobs.threads import Threads

log = structlog.get_logger(__name__)

THREADS = 8
WRITES, PUTS = 1, 2
"""How many pieces of blobs are written at a time, and how many parts of assemblies. More at once are no sooner written, and
take the processor from those who read."""
PART_BYTES = 8 * 1024 * 1024
WRITE_BYTES = 2 * 1024 * 1024
"""What came in smaller pieces is written together: each write goes by a thread, while the next pieces come."""
SYNCED_BYTES = 8 * 1024 * 1024
"""What is long is brought to the disk as it comes, so that its end does not wait for all of it."""
BATCH = 500
Result = TypeVar("Result")


class Directory:
    """A blob is the file at its key's path. It takes its place when it is whole and on the disk."""

    part_bytes = PART_BYTES
    presigns = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.threads = Threads(THREADS)
        self.writes = asyncio.Semaphore(WRITES)
        self.puts = asyncio.Semaphore(PUTS)

    @classmethod
    def open(cls, folder: Path, setting: str = "FILES_DIRECTORY") -> Directory:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidSettings(f"{setting} cannot be made ({error.strerror}); name a folder that can") from error
        return cls(folder.resolve())

    async def write(self, key: str, chunks: AsyncIterator[bytes], *, content_type: str) -> str:
        target, path = self.path(key), folders.place(self.folder, key, folders.new_name())

        async def undo() -> None:
            await self.threads.quiet(key)
            await self.run(folders.abandoned, path)

        async with undone_on_failure(undo, key):
            part = await self.change(key, folders.begun, path)
            try:
                await self.fill(key, part, chunks)
                return await self.change(key, folders.completed, part, path, target)
            finally:
                self.threads.start(part.close)

    async def fill(self, key: str, part: BinaryIO, chunks: AsyncIterator[bytes]) -> None:
        writing, syncing, unsynced = Behind(), Behind(), 0
        async for lines in gathered(chunks, WRITE_BYTES):
            await writing.begin(self.in_turn, self.writes, key, part.writelines, lines)
            unsynced += sum(map(len, lines))
            if unsynced >= SYNCED_BYTES:
                await syncing.begin(self.change, key, os.fdatasync, part.fileno())
                unsynced = 0
        await writing.done()
        await syncing.done()

    async def read(self, key: str, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        blob = await self.run(folders.opened, self.path(key), start)
        try:
            async with aclosing(read_ahead(self.run, folders.pieces(blob, start, stop))) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            self.threads.start(blob.close)  # a read may still be under way in its thread

    async def stat(self, key: str) -> Stat | None:
        return await self.run(folders.stat, self.folder, checked(key))

    async def move(self, source: str, target: str, *, tag: str, content_type: str) -> None:
        await self.change(source, folders.moved, self.path(source), self.path(target), tag)

    async def delete(self, key: str) -> None:
        await self.threads.quiet(checked(key))
        await self.change(key, folders.removed, self.folder, key)

    async def begin(self, key: str, *, content_type: str) -> str:
        return await self.change(key, folders.begun_assembly, self.folder, checked(key))

    async def put_part(self, key: str, assembly: str, number: int, data: Sequence[bytes]) -> Part:
        pieces = self.unfinished(key, assembly)
        return await self.in_turn(self.puts, key, folders.put_part, pieces, number, data, self.part_bytes)

    async def assemble(self, key: str, assembly: str, parts: Sequence[Part]) -> Stat:
        return await self.change(key, folders.assembled, self.folder, checked(key), checked(assembly), parts)

    async def abandon(self, key: str, assembly: str) -> None:
        await self.threads.quiet(key)
        await self.change(key, folders.abandoned, self.unfinished(key, assembly))

    async def assemblies(self, prefix: str) -> AsyncGenerator[tuple[str, str, datetime], None]:
        begun = await self.run(folders.assemblies, self.folder, checked(prefix))
        for each in begun:
            yield each

    async def keys(self, prefix: str) -> AsyncGenerator[str, None]:
        async for found in self.stats(prefix):
            yield found.key

    async def stats(self, prefix: str) -> AsyncGenerator[Stat, None]:
        walk = folders.listed(self.folder, checked(prefix))
        while found := await self.run(next_of, walk):
            for each in found:
                yield each

    def presigned_form(self, key: str, *, size: int, content_type: str, sha256: str, lifetime: timedelta) -> PresignedForm:
        raise NotImplementedError("nobody reaches a folder; see `presigns`")

    def presigned_part(self, key: str, assembly: str, number: int, *, size: int, lifetime: timedelta) -> str:
        raise NotImplementedError("nobody reaches a folder; see `presigns`")

    def presigned_read(self, key: str, *, content_type: str, disposition: str, lifetime: timedelta) -> str:
        raise NotImplementedError("nobody reaches a folder; see `presigns`")

    def local(self, key: str) -> Path | None:
        path = self.path(key)
        return path if path.is_file() else None

    async def check(self) -> None:
        if not await self.run(os.access, self.folder, os.R_OK | os.W_OK | os.X_OK):
            raise StorageUnavailable

    async def close(self) -> None:
        self.threads.close()

    async def run(self, function: Callable[..., Result], *args: object) -> Result:
        with outages_translated():
            return await self.threads.run(function, *args)

    async def change(self, key: str, function: Callable[..., Result], *args: object) -> Result:
        with outages_translated():
            return await self.threads.change(key, function, *args)

    async def in_turn(self, turns: asyncio.Semaphore, key: str, function: Callable[..., Result], *args: object) -> Result:
        async with turns:
            return await self.change(key, function, *args)

    def path(self, key: str) -> Path:
        return self.folder / checked(key)

    def unfinished(self, key: str, name: str) -> Path:
        return folders.place(self.folder, checked(key), checked(name))


def next_of(walk: Iterator[Stat]) -> list[Stat]:
    return list(islice(walk, BATCH))


@contextmanager
def outages_translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        log.warning("the files' folder failed", error=str(error))
        raise StorageUnavailable from error


async def gathered(chunks: AsyncIterator[bytes], size: int) -> AsyncIterator[list[bytes]]:
    """The chunks by as many as have this size together."""
    held: list[bytes] = []
    count = 0
    async for chunk in chunks:
        held.append(chunk)
        count += len(chunk)
        if count >= size:
            yield held
            held, count = [], 0
    if held:
        yield held
