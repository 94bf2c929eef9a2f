"""Bytes as they come from a caller, held against what was declared of them."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator

from prometheus_client import Counter

from gazette.files.v1.file_pb2 import FileUpload
from server.background.behind import Behind
from server.files import failures
from server.files.examining.sniffing import SNIFFED_BYTES
from server.files.fields import Fields
from server.rpc.failures import Violation

GRACE_SECONDS, LEAST_A_SECOND = 30.0, 4096
"""How fast bytes must come on the whole, after a while. That any come at all is seen to by `concurrency.hurried`."""


RECEIVED = Counter("gazette_upload_bytes_total", "Bytes of files that came, whatever became of them.")


HASHED_BYTES = 256 * 1024
"""So many at once are hashed in a thread, while the next ones come."""


class Received:
    """An upload's bytes, to be gone through once: counted and hashed, refused at the chunk that is too much, or at the end if
    that is not the declared one. So whoever stores them knows with the last that they are right."""

    def __init__(
        self, upload: FileUpload, chunks: AsyncIterator[bytes], max_bytes: int, fields: Fields, turns: asyncio.Semaphore
    ) -> None:
        self.upload = upload
        self.max_bytes = max_bytes
        self.fields = fields
        self.size = 0
        self.hash = hashlib.sha256()
        self.unhashed: list[bytes] = []
        self.unhashed_bytes = 0
        self.hashing = Behind()
        self.turns = turns
        """Of those who hash, one at a time."""
        self.head = b""
        self.rest = self.verified(chunks)

    @property
    def sha256(self) -> str:
        """Once all of them have come."""
        return self.hash.hexdigest()

    async def beginning(self) -> bytes:
        """As much as it takes to tell the type. It stays the beginning of `whole`."""
        head = bytearray()
        async for chunk in self.rest:
            head += chunk
            if len(head) >= SNIFFED_BYTES:
                break
        self.head = bytes(head)
        return self.head[:SNIFFED_BYTES]

    async def whole(self) -> AsyncIterator[bytes]:
        if self.head:
            yield self.head
        async for chunk in self.rest:
            yield chunk

    async def verified(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        start = time.monotonic()
        async for chunk in chunks:
            self.size += len(chunk)
            RECEIVED.inc(len(chunk))
            if time.monotonic() - start > GRACE_SECONDS + self.size / LEAST_A_SECOND:
                raise failures.UploadTooSlow
            if self.size > self.max_bytes:
                raise failures.FileTooLarge(self.fields.content, self.max_bytes)
            if self.size > self.upload.size_bytes:
                raise self.wrong_size("more")
            await self.count(chunk)
            yield chunk
        await self.hash_rest()
        await asyncio.sleep(0)  # a client that left ends the chunks as if all had come; its cancellation arrives only here
        if self.size < self.upload.size_bytes - self.fields.beside:
            raise self.wrong_size(f"{self.size}")
        if self.upload.sha256 not in {"", self.sha256}:
            raise failures.Sha256Mismatch(Violation(self.fields.sha256, f"is not that of the bytes that came, {self.sha256}"))

    async def count(self, chunk: bytes) -> None:
        """Takes it into the hash, some time."""
        self.unhashed.append(chunk)
        self.unhashed_bytes += len(chunk)
        if self.unhashed_bytes >= HASHED_BYTES:
            await self.hash_some()

    async def hash_some(self) -> None:
        pieces, self.unhashed, self.unhashed_bytes = self.unhashed, [], 0
        await self.hashing.begin(self.hashed, pieces)

    async def hashed(self, pieces: list[bytes]) -> None:
        async with self.turns:
            await asyncio.to_thread(update, self.hash, pieces)

    async def hash_rest(self) -> None:
        await self.hash_some()
        await self.hashing.done()

    def wrong_size(self, came: str) -> failures.SizeMismatch:
        return failures.SizeMismatch(Violation(self.fields.size, f"says {self.upload.size_bytes} bytes, and {came} came"))


def update(digest: hashlib._Hash, pieces: list[bytes]) -> None:
    for piece in pieces:
        digest.update(piece)
