"""What a storage does, how it fails, and how a write that failed is undone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

import structlog

from server.background import tasks
from server.rpc import failures

log = structlog.get_logger(__name__)

CHUNK_BYTES = 512 * 1024
"""The longest piece that a blob is read in."""
KEY = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)*")


class StorageUnavailable(failures.Unavailable):
    """The object storage cannot be reached, or refuses its service."""

    reason = "OBJECT_STORAGE_UNAVAILABLE"
    message = "The object storage cannot be reached. Try again later."


class BlobNotFound(LookupError):
    """There is no blob with this key, though somebody expected one: a defect, or a storage that lost it."""


class Stat(NamedTuple):
    """What the storage says of a blob."""

    key: str
    size: int
    tag: str
    """Names these bytes: another write under the same key has another one."""
    modify_time: datetime


class Part(NamedTuple):
    """A part of a blob that is put together piece by piece."""

    number: int
    """1 and so on."""
    size: int
    tag: str


class PresignedForm(NamedTuple):
    """A form by which somebody else puts a blob there, once, under this key, and of this size."""

    url: str
    fields: Mapping[str, str]


class BlobChanged(Exception):
    """The bytes under a key are others than those that were looked at."""


class ObjectStorage(Protocol):
    """Blobs by key. Every outage is a StorageUnavailable, within 5 s; one that begins while the storage itself copies or puts
    together what it has, within 35 s."""

    part_bytes: int
    """How long each part of an assembly is to be, but for the last."""
    presigns: bool
    """Whether others can send to it, and have from it, by presigned addresses."""

    async def write(self, key: str, chunks: AsyncIterator[bytes], *, content_type: str) -> str:
        """Stores what the chunks hold once all of them have come, in the place of what was there, and returns its tag. A write
        that fails leaves what was there. One that is cancelled, or meets StorageUnavailable, at its very end may yet come
        about: `delete` waits for it."""

    def read(self, key: str, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        """The blob from one byte on and up to, without it, a later one, in pieces of at most CHUNK_BYTES. No more than that is
        fetched. Raises BlobNotFound."""

    async def stat(self, key: str) -> Stat | None:
        """What is there, or None."""

    async def move(self, source: str, target: str, *, tag: str, content_type: str) -> None:
        """Makes the blob `source` the blob `target`, if it still has this tag; a `target` that is there already, which has the
        same bytes by its name, is replaced. No bytes pass through here. `source` goes. Raises BlobChanged, BlobNotFound."""

    async def delete(self, key: str) -> None:
        """Removes the blob, and what interrupted writes and assemblies left of it. Nothing happens when there is neither."""

    async def begin(self, key: str, *, content_type: str) -> str:
        """Begins to assemble a blob of parts, which may take days and several processes. Returns the assembly's name."""

    async def put_part(self, key: str, assembly: str, number: int, data: Sequence[bytes]) -> Part:
        """Adds a part of an assembly, durably: what these pieces hold together. One of the same number takes its place. Each
        but the last has `part_bytes`, and several may be put at a time. Raises BlobNotFound where there is no such
        assembly."""

    async def assemble(self, key: str, assembly: str, parts: Sequence[Part]) -> Stat:
        """Makes the blob of these parts, in their order. Raises BlobNotFound where the assembly, or one of its parts as it is
        named here, is not there; but to assemble again what was assembled is to find it, if no other blob took its place."""

    async def abandon(self, key: str, assembly: str) -> None:
        """Removes an assembly with its parts. Nothing happens when there is none."""

    def assemblies(self, prefix: str) -> AsyncGenerator[tuple[str, str, datetime], None]:
        """What was begun below `prefix/` and not finished, writes too: key, name and when. `abandon` removes it."""

    def keys(self, prefix: str) -> AsyncGenerator[str, None]:
        """The keys of all blobs below `prefix/`, in their order."""

    def stats(self, prefix: str) -> AsyncGenerator[Stat, None]:
        """The same, with what is known of each."""

    def presigned_form(self, key: str, *, size: int, content_type: str, sha256: str, lifetime: timedelta) -> PresignedForm:
        """A form that takes exactly this many bytes and, where `sha256` (hexadecimal) is given, only these. No storage is
        asked."""

    def presigned_part(self, key: str, assembly: str, number: int, *, size: int, lifetime: timedelta) -> str:
        """Where to PUT a part of an assembly. No storage is asked."""

    def presigned_read(self, key: str, *, content_type: str, disposition: str, lifetime: timedelta) -> str:
        """Where to GET a blob, which is answered with this Content-Type and Content-Disposition. No storage is asked."""

    def local(self, key: str) -> Path | None:
        """The blob's file, where this machine has it; None where it is to be fetched. It is not to be changed."""

    async def check(self) -> None:
        """Raises StorageUnavailable unless blobs can be stored."""

    async def close(self) -> None:
        """Lets go of threads and connections."""


def checked(key: str) -> str:
    """The key, if it is one: lower-case letters, digits and hyphens between slashes, so no path that leads elsewhere."""
    if KEY.fullmatch(key) is None:
        raise ValueError(f"not a key: {key!r}")
    return key


@asynccontextmanager
async def undone_on_failure(undo: Callable[[], Awaitable[object]], key: str) -> AsyncIterator[None]:
    """Undoes what the block has begun when it fails, cancellation included. Whoever met an outage does not wait for it."""
    try:
        yield
    except BaseException as error:
        removal = tasks.begin(undone(undo, key))
        if not isinstance(error, StorageUnavailable):
            await asyncio.shield(removal)
        raise


async def undone(undo: Callable[[], Awaitable[object]], key: str) -> None:
    try:
        await undo()
    except StorageUnavailable:
        log.warning("what an interrupted write left could not be removed", key=key)
