"""The answers in Redis, shared by all processes. They outlive a process, so a new one serves at once.

Each value begins with its record number. Writing is conditional on it (a script inside Redis), so a slow reader never puts an
older answer over a newer one; a publication leaves a marker, a value without an answer, that keeps older ones out, and leaves
its own answer where that came first.
"""

from __future__ import annotations

from dataclasses import dataclass

from server.stores.redis import Cache

SECONDS = 86400
DIGITS = 20

SET_UNLESS_OLDER = """
local held = redis.call('GET', KEYS[1])
if held then
  local old, new = string.sub(held, 1, 20), string.sub(ARGV[1], 1, 20)
  if old > new or (old == new and #held > #ARGV[1]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
"""
SET_IF_GREATER = """
if tonumber(redis.call('GET', KEYS[1]) or '0') < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end
"""
HEAD = "gazette:record-head"


@dataclass(frozen=True)
class SharedCache:
    """Answers by locale and path. What fails is a miss."""

    cache: Cache

    async def get(self, path: str, locale: str, known: int = 0) -> tuple[int, bytes] | None:
        """The record number and the answer; None for neither, for a marker, and from a Redis that does not know the record up
        to `known`: it has come back with what it held some time ago."""
        value, head = await self.cache.get_both(key(path, locale), HEAD)
        if value is None or len(value) == DIGITS or int(head or 0) < known:
            return None
        return int(value[:DIGITS]), value[DIGITS:]

    async def put(self, path: str, locale: str, number: int, answer: bytes) -> None:
        await self.cache.run(SET_UNLESS_OLDER, key(path, locale), number_prefix(number) + answer, SECONDS)

    async def mark(self, path: str, locale: str, number: int) -> bool:
        """Keeps out every answer older than `number`. False when Redis could not be told."""
        return await self.cache.run(SET_UNLESS_OLDER, key(path, locale), number_prefix(number), SECONDS)

    async def head(self) -> int | None:
        """The newest record number up to which all markers were set; None in an empty Redis. Raises CacheUnavailable."""
        value = await self.cache.read(HEAD)
        return None if value is None else int(value)

    async def advance(self, number: int) -> bool:
        return await self.cache.run(SET_IF_GREATER, HEAD, str(number).encode())


def key(path: str, locale: str) -> str:
    return f"gazette:page:{locale}:{path}"


def number_prefix(number: int) -> bytes:
    return b"%020d" % number
