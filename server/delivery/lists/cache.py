"""The answers to ListPages. Each holds until the next publication of anything: its key has the record's newest number."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from server.stores.redis import Cache

FORM = 2
"""Of what Redis holds: one more whenever the same request is answered in another order, or with other page tokens. So a release
finds nothing there of the one before, which may still run, or have ended minutes ago."""
MAX_ENTRIES = 500
MAX_ANSWER = 32 * 1024
"""The largest answer that is kept, so that all of them together stay below 16 MiB."""
SECONDS = 600
"""Far below the lifetime of the page tokens inside; and nobody asks for a list again once anything was published."""


@dataclass
class ListCache:
    """Answers by serialised request, here and in Redis."""

    cache: Cache
    is_heard: Callable[[], bool]
    head: int = 0
    entries: OrderedDict[bytes, tuple[float, bytes]] = field(default_factory=OrderedDict)

    async def get(self, request: bytes, read: Callable[[], Awaitable[bytes]]) -> bytes:
        """The answer to this serialised request: held here, in Redis, or made by `read`."""
        if not self.is_heard():
            return await read()
        expire_time, answer = self.entries.get(request, (0.0, b""))
        if expire_time > time.monotonic():
            return answer
        head = self.head
        key = f"gazette:list:{FORM}:{head}:{hashlib.sha256(request).hexdigest()}"
        shared = await self.cache.get(key)
        if shared is None:
            shared = await read()
            if 0 < len(shared) <= MAX_ANSWER:  # filters that match nothing are without number
                await self.cache.set(key, shared, SECONDS)
        if head == self.head and len(shared) <= MAX_ANSWER:
            self.entries[request] = (time.monotonic() + SECONDS, shared)
            if len(self.entries) > MAX_ENTRIES:
                self.entries.popitem(last=False)
        return shared

    def changed(self, head: int) -> None:
        self.head = head
        self.entries.clear()
