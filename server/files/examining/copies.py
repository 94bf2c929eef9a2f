"""A blob as a file that another process can open: the storage's own, where it is on this machine, or else a copy that leaves
nothing behind. A short copy is kept in memory, and a long one on the disk: so what is examined takes no more memory than that,
however long it is."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

import structlog

from server.rpc.failures import Unavailable
from server.stores.blobs import BlobNotFound, ObjectStorage

log = structlog.get_logger(__name__)

IN_MEMORY = 16 << 20
"""Bytes of a copy that is kept in memory."""
PIECE = 1 << 20


class Copy(NamedTuple):
    """The bytes of a blob at hand. They are not to be changed."""

    path: str
    """Which only processes of ours can open."""
    size: int
    known_sha256: str
    """Empty where nobody has hashed them yet."""

    async def sha256(self) -> str:
        """Raises BlobNotFound where they are gone by now."""
        if self.known_sha256:
            return self.known_sha256
        try:
            _, sha256 = await asyncio.to_thread(hashed, self.path)
        except FileNotFoundError:
            raise BlobNotFound(self.path) from None
        return sha256


@asynccontextmanager
async def at_hand(storage: ObjectStorage, key: str, size: int, sha256: str = "") -> AsyncIterator[Copy]:
    """The blob, which is about so long, and has this SHA-256 where it is known. Raises BlobNotFound, and what reading from the
    storage does."""
    if (path := storage.local(key)) is not None:
        try:
            found = await asyncio.to_thread(path.stat)
        except FileNotFoundError:
            raise BlobNotFound(key) from None
        yield Copy(str(path), found.st_size, sha256)
        return
    with nameless(size) as descriptor:
        digest, count = hashlib.sha256(), 0
        async with aclosing(storage.read(key)) as pieces:
            async for piece in pieces:
                count += len(piece)
                try:
                    await asyncio.to_thread(kept, descriptor, digest, piece)
                except OSError as error:
                    log.error("there is no room for the copy of a file that is examined", error=str(error))  # noqa: TRY400
                    raise Unavailable from error
        yield Copy(path_of(descriptor), count, digest.hexdigest())


@contextmanager
def nameless(size: int) -> Iterator[int]:
    """The descriptor of a file without a name, for so many bytes."""
    if size <= IN_MEMORY:
        descriptor = os.memfd_create("file")
    else:
        descriptor, path = tempfile.mkstemp(prefix="gazette-file-")
        Path(path).unlink()
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def path_of(descriptor: int) -> str:
    """By which another process of ours can open it, as long as this one has it."""
    return f"/proc/{os.getpid()}/fd/{descriptor}"


async def pieces_of(path: str) -> AsyncGenerator[bytes, None]:
    """What is in a file."""
    file = await asyncio.to_thread(open, path, "rb")
    try:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
    finally:
        file.close()


def beginning(path: str, size: int) -> bytes:
    with open(path, "rb") as file:
        return file.read(size)


def hashed(path: Path | str) -> tuple[int, str]:
    """How many bytes a file has, and their SHA-256."""
    with open(path, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), sha256


def kept(descriptor: int, digest: hashlib._Hash, piece: bytes) -> None:
    digest.update(piece)
    while piece:
        piece = piece[os.write(descriptor, piece) :]
