"""Blobs as they are read: a few pieces at a time by a thread, and the next few while these are on their way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from itertools import islice
from typing import Any

from server.background import tasks
from server.background.behind import heard

FEW = 2
"""The way to a thread and back costs as much as reading a piece or two."""
Some = list[bytes]
Run = Callable[[Callable[[Iterator[bytes]], Some], Iterator[bytes]], Coroutine[Any, Any, Some]]
"""Calls a function that blocks in a thread."""


async def read_ahead(run: Run, pieces: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The pieces, each of which blocks while it is read. What reading one raises is raised where that one
    would come, or a piece before."""

    def begun() -> asyncio.Task[Some]:
        task = tasks.begin(run(few, pieces))
        task.add_done_callback(heard)
        return task

    coming = begun()
    try:
        while len(some := await coming) == FEW:
            coming = begun()
            for piece in some:
                yield piece
        for piece in some:
            yield piece
    finally:
        coming.cancel()


def few(pieces: Iterator[bytes]) -> Some:
    return list(islice(pieces, FEW))
