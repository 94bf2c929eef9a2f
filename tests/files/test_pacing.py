"""How much of a file is sent at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest

from server.files.downloads import pacing
from server.files.downloads.pacing import FIRST_BYTES, SHORT_BYTES, paced
from server.stores.blobs.interface import CHUNK_BYTES

CONTENT = b"".join(each.to_bytes(4) for each in range((3 * CHUNK_BYTES + 1000) // 4))


async def read() -> AsyncIterator[bytes]:
    for at in range(0, len(CONTENT), CHUNK_BYTES):
        yield CONTENT[at : at + CHUNK_BYTES]


async def sent(monkeypatch: pytest.MonkeyPatch, *seconds: float) -> list[int]:
    """How long the parts are that a reader gets who takes so long for each; the last of these for all that follow."""
    now = 0.0
    parts: list[bytes] = []
    monkeypatch.setattr(pacing, "time", SimpleNamespace(monotonic=lambda: now))
    async for part in paced(read()):
        now += seconds[min(len(parts), len(seconds) - 1)]
        parts.append(part)
    assert b"".join(parts) == CONTENT
    return [*map(len, parts)]


async def test_who_is_quick_is_sent_whole_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the second on: of a reader nothing is known at first."""
    assert await sent(monkeypatch, 0.01) == [FIRST_BYTES, CHUNK_BYTES - FIRST_BYTES, CHUNK_BYTES, CHUNK_BYTES, 1000]


async def test_who_is_slow_is_sent_short_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a line which takes ten seconds for the first takes none of the others so long."""
    first, *others = await sent(monkeypatch, 9.0, 2.0)
    assert first == FIRST_BYTES
    assert set(others[:-1]) == {SHORT_BYTES}


async def test_who_becomes_quick_is_no_longer_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line may be slow for a moment only."""
    lengths = await sent(monkeypatch, 5.0, 5.0, 0.1)
    assert lengths[1:3] == [SHORT_BYTES, SHORT_BYTES]
    assert lengths[-2:] == [CHUNK_BYTES, 1000]
