"""Blobs in a folder of this machine."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

import structlog

from server.settings import InvalidSettings
from server.stores.blobs.interface import CHUNK_BYTES, BlobNotFound, StorageUnavailable, checked, undone_on_failure
from server.stores.blobs.threads import Threads

log = structlog.get_logger(__name__)

THREADS = 8
Result = TypeVar("Result")


class Directory:
    """A blob is the file at its key's path. It is written beside it, and takes its place when it is whole and on the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.threads = Threads(THREADS)

    @classmethod
    def open(cls, folder: Path, setting: str = "FILES_DIRECTORY") -> Directory:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidSettings(f"{setting} cannot be made ({error.strerror}); name a folder that can") from error
        return cls(folder.resolve())

    async def write(self, key: str, chunks: AsyncIterator[bytes], *, content_type: str) -> None:
        path = self.path(key)
        async with undone_on_failure(self, key):
            part = await self.change(key, begun, path)
            try:
                async for chunk in chunks:
                    await self.change(key, part.write, chunk)
                await self.change(key, completed, part, path)
            finally:
                self.threads.start(part.close)

    async def read(self, key: str, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        blob, at = await self.run(opened, self.path(key), start), start
        try:
            while chunk := await self.run(blob.read, CHUNK_BYTES if stop is None else min(CHUNK_BYTES, stop - at)):
                at += len(chunk)
                yield chunk
        finally:
            self.threads.start(blob.close)  # a read may still be under way in its thread

    async def delete(self, key: str) -> None:
        path = self.path(key)
        await self.threads.quiet(key)
        await self.change(key, removed, path)

    async def keys(self, prefix: str) -> AsyncGenerator[str, None]:
        for key in await self.run(listed, self.folder, checked(prefix)):
            yield key

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

    def path(self, key: str) -> Path:
        return self.folder / checked(key)


@contextmanager
def outages_translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        log.warning("the files' folder failed", error=str(error))
        raise StorageUnavailable from error


def opened(path: Path, start: int) -> BinaryIO:
    try:
        blob = path.open("rb")
    except FileNotFoundError:
        raise BlobNotFound(path) from None
    blob.seek(start)
    return blob


def unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def begun(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return unfinished(path).open("xb")


def completed(part: BinaryIO, path: Path) -> None:
    """Makes the blob durable, then visible."""
    with part:
        part.flush()
        os.fsync(part.fileno())
    unfinished(path).rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def listed(folder: Path, prefix: str) -> list[str]:
    paths = (path for path in (folder / prefix).rglob("*") if path.is_file() and path.suffix != ".part")
    return sorted(str(path.relative_to(folder)) for path in paths)


def removed(path: Path) -> None:
    path.unlink(missing_ok=True)
    unfinished(path).unlink(missing_ok=True)
