"""Sealed streams: what was not sealed as it is does not open, and no stream is held in memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import AsyncIterator

import pytest

from server.recovery.failures import Damaged
from server.recovery.sealing import CHUNK_BYTES, MAGIC, SALT_BYTES, TAG_BYTES, opened, sealed

KEY = "a key of the tests that is long enough"


async def pieces(content: bytes, size: int = 70_001) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def seal(content: bytes, name: str = "a") -> bytes:
    return b"".join([chunk async for chunk in sealed(name, KEY, pieces(content))])


async def open_(content: bytes, name: str = "a", key: str = KEY) -> bytes:
    return b"".join([chunk async for chunk in opened(name, key, pieces(content))])


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 5])
async def test_what_was_sealed_opens(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    whole = await seal(content[:size])
    assert await open_(whole) == content[:size]
    assert content[:300] not in whole


async def test_what_is_not_as_it_was_sealed_does_not_open() -> None:
    """Cut at a chunk's end, without its end, with chunks exchanged or left out, under another name or key, and not sealed."""
    head, chunk = len(MAGIC) + SALT_BYTES, CHUNK_BYTES + TAG_BYTES
    whole = await seal(bytes(3 * CHUNK_BYTES + 5))
    one, two = whole[head : head + chunk], whole[head + chunk : head + 2 * chunk]
    flawed = [
        whole[:-1],
        whole[: head + chunk],
        whole[: head + 3 * chunk],
        whole[:head],
        whole[: head - 1],
        b"",
        whole[:head] + two + one + whole[head + 2 * chunk :],
        whole[:head] + one + whole[head + 2 * chunk :],
        whole + b"!",
        bytes(len(whole)),
        whole[: len(MAGIC)] + bytes(SALT_BYTES) + whole[head:],
    ]
    for each in flawed:
        with pytest.raises(Damaged):
            await open_(each)
    for name, key in (("b", KEY), ("a", KEY + "!")):
        with pytest.raises(Damaged, match="BACKUP_ENCRYPTION_KEY"):
            await open_(whole, name, key)


async def test_a_stream_is_not_held() -> None:
    """200 MB pass through both ways in less than 12."""

    async def much() -> AsyncIterator[bytes]:
        for _ in range(800):
            yield bytes(262_144)

    tracemalloc.start()
    size = 0
    async for chunk in opened("a", KEY, sealed("a", KEY, much())):
        size += len(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == 800 * 262_144
    assert peak < 12_000_000
