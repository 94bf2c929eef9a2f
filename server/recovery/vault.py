"""The vault: objects by name, sealed where there is a key, each with the hashes that a manifest keeps of it."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import BaseModel

from server.recovery.failures import Damaged, RecoveryFailed
from server.recovery.sealing import opened, sealed
from server.settings import Settings
from server.stores import blobs
from server.stores.blobs import BlobNotFound, ObjectStorage, StorageUnavailable

CONTENT_TYPE = "application/octet-stream"


class Stored(BaseModel):
    """An object of a backup."""

    name: str
    size: int
    """In bytes, as it came; it is stored sealed."""
    sha256: str
    """Of the same bytes."""


@dataclass(frozen=True)
class Vault:
    """Where the backups are."""

    storage: ObjectStorage
    secret: str
    """Empty: nothing is sealed."""

    async def store(self, name: str, chunks: AsyncIterator[bytes]) -> Stored:
        """Stores what comes, with a chunk in memory. What fails leaves nothing."""
        count = Counted(chunks)
        passed = sealed(name, self.secret, count.counted()) if self.secret else count.counted()
        try:
            await self.storage.write(name, passed, content_type=CONTENT_TYPE)
        except StorageUnavailable as failure:
            raise RecoveryFailed(f"{name} could not be stored ({failure.__cause__ or failure})") from failure
        return Stored(name=name, size=count.size, sha256=count.hash.hexdigest())

    async def read(self, name: str) -> AsyncGenerator[bytes, None]:
        """Raises Damaged."""
        try:
            source = self.storage.read(name)
            async for chunk in opened(name, self.secret, source) if self.secret else source:
                yield chunk
        except BlobNotFound:
            raise Damaged(f"{name} is lost: the backups' storage has no such object") from None
        except StorageUnavailable as failure:
            raise RecoveryFailed(f"{name} could not be read ({failure.__cause__ or failure})") from failure

    async def checked(self, stored: Stored) -> AsyncGenerator[bytes, None]:
        """The object, as it was stored. Raises Damaged, at its end at the latest."""
        count = Counted(self.read(stored.name))
        async for chunk in count.counted():
            yield chunk
        if (count.size, count.hash.hexdigest()) != (stored.size, stored.sha256):
            raise Damaged(f"{stored.name} has other bytes than those that were stored ({count.size} of {stored.size})")

    async def verify(self, stored: Stored) -> None:
        async for _ in self.checked(stored):
            pass

    async def names(self, prefix: str) -> list[str]:
        try:
            return [name async for name in self.storage.keys(prefix)]
        except StorageUnavailable as failure:
            raise RecoveryFailed(f"the backups cannot be listed ({failure.__cause__ or failure})") from failure

    async def delete(self, name: str) -> None:
        try:
            await self.storage.delete(name)
        except StorageUnavailable as failure:
            raise RecoveryFailed(f"{name} could not be deleted ({failure.__cause__ or failure})") from failure


@asynccontextmanager
async def open_vault(settings: Settings) -> AsyncGenerator[Vault, None]:
    storage = blobs.open_backups(settings)
    try:
        yield Vault(storage, settings.backup_encryption_key)
    finally:
        await storage.close()


class Counted:
    """A stream that is hashed as it passes."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self.chunks = chunks
        self.size = 0
        self.hash = hashlib.sha256()

    async def counted(self) -> AsyncGenerator[bytes, None]:
        async for chunk in self.chunks:
            self.size += len(chunk)
            self.hash.update(chunk)
            yield chunk


async def compressed(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    packer = zlib.compressobj(1)
    async for chunk in chunks:
        yield packer.compress(chunk)
    yield packer.flush()


async def decompressed(name: str, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    unpacker = zlib.decompressobj()
    try:
        async for chunk in chunks:
            yield unpacker.decompress(chunk)
    except zlib.error:
        raise Damaged(f"{name} cannot be unpacked") from None
    if not unpacker.eof:
        raise Damaged(f"{name} is cut off")
