"""Pieces of a blob, read a few at a time while others are on their way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import aclosing

import pytest

from server.stores.blobs import StorageUnavailable
from server.stores.blobs.reading import FEW, read_ahead

PIECES = [bytes([number]) for number in range(2 * FEW + 1)]


class Disk:
    """Reads in no time, and counts what it has read."""

    def __init__(self, fails_at: int = len(PIECES)) -> None:
        self.read, self.fails_at = 0, fails_at

    async def run(self, function: Callable[[Iterator[bytes]], list[bytes]], pieces: Iterator[bytes]) -> list[bytes]:
        await asyncio.sleep(0)
        return function(pieces)

    def pieces(self) -> Iterator[bytes]:
        for number, piece in enumerate(PIECES):
            if number == self.fails_at:
                raise StorageUnavailable
            self.read += 1
            yield piece


@pytest.mark.parametrize("count", range(len(PIECES) + 1))
async def test_each_piece_comes_once_in_its_order(count: int) -> None:
    """However many there are."""
    assert [each async for each in read_ahead(Disk().run, iter(PIECES[:count]))] == PIECES[:count]


async def test_a_few_are_read_ahead_and_no_more() -> None:
    """Whoever takes them slowly has the next few read, and holds no more than that."""
    disk = Disk()
    async with aclosing(read_ahead(disk.run, disk.pieces())) as pieces:
        assert await anext(pieces) == PIECES[0]
        for _ in range(5):
            await asyncio.sleep(0)
        assert disk.read == 2 * FEW


async def test_a_failure_comes_behind_what_was_read_before_it() -> None:
    """It is raised where the pieces that it kept back would come."""
    disk = Disk(fails_at=FEW)
    pieces = read_ahead(disk.run, disk.pieces())
    assert [await anext(pieces) for _ in range(FEW)] == PIECES[:FEW]
    with pytest.raises(StorageUnavailable):
        await anext(pieces)


async def test_who_stops_early_leaves_no_failure_behind(caplog: pytest.LogCaptureFixture) -> None:
    """A failure of what was read ahead is nobody's when nobody wants it any more: asyncio reports none."""
    disk = Disk(fails_at=FEW)
    async with aclosing(read_ahead(disk.run, disk.pieces())) as pieces:
        await anext(pieces)
        for _ in range(5):
            await asyncio.sleep(0)
    assert "never retrieved" not in caplog.text
