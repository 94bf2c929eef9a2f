"""What is sent: a path or an open file, measured before its first byte goes out, and read again from wherever it is needed."""

from __future__ import annotations

import asyncio
import hashlib
import io
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from gazette_client.errors import GazetteError

CHUNK_BYTES = 256 * 1024
"""The contract allows 1 MiB; progress is smoother in smaller steps, and no slower."""
SPOOLED_BYTES = 8 * 1024 * 1024
"""What cannot be read twice is kept in memory up to here, then in a temporary file."""

Source = str | PathLike[str] | bytes | IO[bytes]
Progress = Callable[[int, int], None]
"""Told the bytes done and the bytes in all, after each chunk. An upload that begins again counts from 0 again, and one that
goes on from where the server has it. The synchronous client's uploads tell it from another thread."""


class Outgoing:
    """A file that is sent. It can be read from anywhere, so that an upload can be repeated, or go on where it ended.

    Its length and SHA-256 are known before the first chunk, so the server refuses what does not arrive as it was read here.
    For the same reason a failure to read just ends a stream: `failure` holds it.
    """

    def __init__(self, source: Source, progress: Progress | None = None) -> None:
        self.progress = progress
        self.failure: Exception | None = None
        self.is_over = False
        self.lock = threading.Lock()
        self.name = own_name(source)
        with ExitStack() as stack:
            self.file = stack.enter_context(opened(source))
            self.start = self.file.tell()
            self.size, self.sha256 = measured(self.file)
            self.stack = stack.pop_all()

    def read(self, offset: int, most: int = CHUNK_BYTES) -> bytes:
        """The next chunk; empty at the end, or once something has failed."""
        with self.lock, self.keeping():  # a thread of an attempt that failed may still be reading
            if self.failure is None and not self.is_over:
                self.file.seek(self.start + offset)
                return self.file.read(min(most, CHUNK_BYTES))
        return b""

    def tell(self, done: int) -> None:
        """Says how far it is."""
        if self.progress is not None and self.failure is None:
            with self.keeping():
                self.progress(done, self.size)

    @contextmanager
    def keeping(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - gRPC would swallow it; `__exit__` raises it where the caller is
            self.failure = error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self.lock:  # a thread of an attempt that failed finds no closed file
            self.is_over = True
            self.stack.close()
        if self.failure is not None and (error is None or isinstance(error, GazetteError)):
            raise self.failure from None


class Piece:
    """The messages of one call: what goes first, if anything does, and the bytes from one place to another. Iterating begins at
    the beginning each time."""

    def __init__(
        self,
        outgoing: Outgoing,
        message: Callable[[bytes, int], Any],
        *,
        first: Any = None,
        begin: int = 0,
        end: int | None = None,
    ) -> None:
        """`message` makes one of a chunk, and of where it begins."""
        self.outgoing = outgoing
        self.message = message
        self.first = first
        self.begin = begin
        self.end = outgoing.size if end is None else end

    def __iter__(self) -> Iterator[Any]:
        if self.first is not None:
            yield self.first
        done = self.begin
        while chunk := self.outgoing.read(done, self.end - done):
            yield self.message(chunk, done)
            done += len(chunk)
            self.outgoing.tell(done)

    async def __aiter__(self) -> AsyncIterator[Any]:
        if self.first is not None:
            yield self.first
        done = self.begin
        while chunk := await asyncio.to_thread(self.outgoing.read, done, self.end - done):
            yield self.message(chunk, done)
            done += len(chunk)
            self.outgoing.tell(done)


@contextmanager
def opened(source: Source) -> Iterator[IO[bytes]]:
    """A file that can be read more than once. What was open before stays open."""
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif isinstance(source, str | PathLike):
        with open(source, "rb") as file:
            yield file
    elif source.seekable():
        yield source
    else:
        with tempfile.SpooledTemporaryFile(SPOOLED_BYTES) as spooled:
            shutil.copyfileobj(source, spooled)
            spooled.seek(0)
            yield spooled


def own_name(source: Source) -> str:
    """The file's name without its folder; empty for what has none."""
    name = source if isinstance(source, str | PathLike) else getattr(source, "name", "")
    return Path(name).name if isinstance(name, str | PathLike) else ""


def measured(file: IO[bytes]) -> tuple[int, str]:
    """The length and the SHA-256 of what is still to be read."""
    size, sha256 = 0, hashlib.sha256()
    while chunk := file.read(CHUNK_BYTES):
        size += len(chunk)
        sha256.update(chunk)
    return size, sha256.hexdigest()


def in_loop(progress: Progress | None) -> Progress | None:
    """The same, called in the event loop that runs now, from whichever thread."""
    if progress is None:
        return None
    loop, own = asyncio.get_running_loop(), threading.get_ident()

    async def called(done: int, total: int) -> None:
        progress(done, total)

    def tell(done: int, total: int) -> None:
        if threading.get_ident() == own:
            progress(done, total)
        else:
            asyncio.run_coroutine_threadsafe(called(done, total), loop).result()

    return tell
