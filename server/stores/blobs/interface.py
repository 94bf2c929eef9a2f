"""What a storage does, how it fails, and how a write that failed is undone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import structlog

from server.background import tasks
from server.rpc import failures

log = structlog.get_logger(__name__)

CHUNK_BYTES = 256 * 1024
"""The longest piece that a blob is read in."""
KEY = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)*")


class StorageUnavailable(failures.Unavailable):
    """The object storage cannot be reached, or refuses its service."""

    reason = "OBJECT_STORAGE_UNAVAILABLE"
    message = "The object storage cannot be reached. Try again later."


class BlobNotFound(LookupError):
    """There is no blob with this key, though somebody expected one: a defect, or a storage that lost it."""


class ObjectStorage(Protocol):
    """Blobs by key. Every outage is a StorageUnavailable, within 5 s."""

    async def write(self, key: str, chunks: AsyncIterator[bytes], *, content_type: str) -> None:
        """Stores what the chunks hold once all of them have come. A write that fails or is cancelled leaves nothing; after
        StorageUnavailable, which comes at once, the clean-up goes on by itself and may fail, too."""

    def read(self, key: str, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        """The blob from one byte on and up to, without it, a later one, in pieces of at most CHUNK_BYTES. No more than that is
        fetched. Raises BlobNotFound."""

    async def delete(self, key: str) -> None:
        """Removes the blob, and what an interrupted write left of it. Nothing happens when there is neither."""

    def keys(self, prefix: str) -> AsyncGenerator[str, None]:
        """The keys of all blobs below `prefix/`, in their order."""

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
async def undone_on_failure(storage: ObjectStorage, key: str) -> AsyncIterator[None]:
    """Removes what the block has written when it fails, cancellation included. Whoever met an outage does not wait for it."""
    try:
        yield
    except BaseException as error:
        removal = tasks.begin(discard(storage, key))
        if not isinstance(error, StorageUnavailable):
            await asyncio.shield(removal)
        raise


async def discard(storage: ObjectStorage, key: str) -> None:
    try:
        await storage.delete(key)
    except StorageUnavailable:
        log.warning("what an interrupted write left could not be removed", key=key)
