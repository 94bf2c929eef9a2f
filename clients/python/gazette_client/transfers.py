"""Files on their way: what an upload sends, and what becomes of a download. The calls themselves are the clients'."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import grpc

from gazette.files.v1.file_pb2 import File, FileUpload
from gazette.files.v1.file_service_pb2 import UploadFileRequest
from gazette_client.conversation import Wait
from gazette_client.errors import GazetteError, failure
from gazette_client.retries import Retry

CHUNK_BYTES = 256 * 1024
"""The contract allows 1 MiB; progress is smoother in smaller steps, and no slower."""
SPOOLED_BYTES = 8 * 1024 * 1024
"""What cannot be read twice is kept in memory up to here, then in a temporary file."""

Source = str | PathLike[str] | IO[bytes]
Progress = Callable[[int, int], None]
"""Told the bytes done and the bytes in all, after each chunk. An upload that begins again counts from 0 again. The synchronous
client's uploads tell it from another thread."""


class Outgoing:
    """An upload's messages. Iterating begins at the beginning each time, so that an upload can be repeated.

    Its length and SHA-256 are declared before the first chunk, so the server refuses what does not arrive as it was read here.
    For the same reason a failure to read just ends the stream: `failure` holds it.
    """

    def __init__(
        self, source: Source, organisation_id: str, name: str, alternative_text: str, progress: Progress | None
    ) -> None:
        self.progress = progress
        self.failure: Exception | None = None
        self.is_over = False
        self.lock = threading.Lock()
        with ExitStack() as stack:
            self.file = stack.enter_context(opened(source))
            self.start = self.file.tell()
            size, sha256 = measured(self.file)
            self.upload = FileUpload(
                organisation_id=organisation_id,
                name=name or own_name(source),
                alternative_text=alternative_text,
                size_bytes=size,
                sha256=sha256,
            )
            self.stack = stack.pop_all()

    def __iter__(self) -> Iterator[UploadFileRequest]:
        yield UploadFileRequest(upload=self.upload)
        done = 0
        while chunk := self.read(done):
            yield UploadFileRequest(chunk=chunk)
            done = self.count(done, chunk)

    async def __aiter__(self) -> AsyncIterator[UploadFileRequest]:
        yield UploadFileRequest(upload=self.upload)
        done = 0
        while chunk := await asyncio.to_thread(self.read, done):
            yield UploadFileRequest(chunk=chunk)
            done = self.count(done, chunk)

    def read(self, done: int) -> bytes:
        """The next chunk; empty at the end, or once something has failed."""
        with self.lock, self.keeping():  # a thread of an attempt that failed may still be reading
            if self.failure is None and not self.is_over:
                self.file.seek(self.start + done)
                return self.file.read(CHUNK_BYTES)
        return b""

    def count(self, done: int, chunk: bytes) -> int:
        done += len(chunk)
        if self.progress is not None:
            with self.keeping():
                self.progress(done, self.upload.size_bytes)
        return done

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


@contextmanager
def opened(source: Source) -> Iterator[IO[bytes]]:
    """A file that can be read more than once. What was open before stays open."""
    if isinstance(source, str | PathLike):
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


class Incoming:
    """A file that is being downloaded: written beside its destination, and moved there once it is whole."""

    def __init__(self, file: File, to: Path) -> None:
        self.expected = file
        self.to = to
        self.part = to.with_name(f".{secrets.token_hex(8)}.part")
        self.sha256 = hashlib.sha256()
        self.done = 0

    def __enter__(self) -> Self:
        self.out = self.part.open("xb")
        return self

    def write(self, chunk: bytes) -> None:
        self.out.write(chunk)
        self.sha256.update(chunk)
        self.done += len(chunk)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self.out.close()
            if kind is None:
                self.verify()
                self.part.replace(self.to)
        finally:
            self.part.unlink(missing_ok=True)

    def verify(self) -> None:
        if (self.done, self.sha256.hexdigest()) != (self.expected.size_bytes, self.expected.sha256):
            raise failure(
                grpc.StatusCode.DATA_LOSS, "SHA256_MISMATCH", f"File {self.expected.id} did not arrive as it is stored."
            )


def downloading(file: File, to: Path, retry: Retry) -> Generator[Incoming | Wait, None, None]:
    """Yields what is to be filled from DownloadFile, from where it is `done`, and again after a break on the way. (Until its
    first chunk the call repeats itself.)"""
    attempt = 0
    with Incoming(file, to) as incoming:
        while True:
            attempt += 1
            before = incoming.done
            try:
                yield incoming
            except GazetteError as error:
                pause = retry.pause(error, attempt) if incoming.done > before else None
                if pause is None:
                    raise
            else:
                return
            yield Wait(pause)
