"""The load comes from a process of its own, so that what it does takes nothing from what measures, and nothing waits for it."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any, NamedTuple, Protocol


class Load(Protocol):
    """Requests to be made."""

    async def make(self) -> list[Any]:
        """The answers, if the load keeps them, or what it notes instead."""


class Counted(Load, Protocol):
    """So many requests, all of which must be answered as they should."""

    @property
    def count(self) -> int: ...


class Made(NamedTuple):
    seconds: float
    answers: list[Any]


class Generator:
    """A process that makes what load it is told."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def make(self, load: Load) -> Made:
        """Raises what went wrong there."""
        self._pipe.send(load)
        made = self._pipe.recv()
        if isinstance(made, Exception):
            raise made
        assert isinstance(made, Made)
        return made


@contextmanager
def started() -> Iterator[Generator]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()  # so that the end of the process ends the pipe
    try:
        yield Generator(ours)
    finally:
        with suppress(BrokenPipeError):
            ours.send(None)
        process.join()


def serve(pipe: Connection) -> None:
    while (load := pipe.recv()) is not None:
        try:
            start = time.perf_counter()
            answers = asyncio.run(load.make())
            pipe.send(Made(time.perf_counter() - start, answers))
        except Exception as error:  # noqa: BLE001 - it is raised again where the load was asked for
            pipe.send(RuntimeError(f"{type(error).__name__}: {error}"))
