"""Threads for calls that block: a few, so that a storage that hangs holds up itself and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Lock
from typing import Any, TypeVar

Result = TypeVar("Result")


class Threads:
    """A thread cannot be stopped: who gives up on a change is not done until `quiet`, since it may come about later."""

    def __init__(self, count: int) -> None:
        self.pool = ThreadPoolExecutor(count, thread_name_prefix="storage")
        self.changing: dict[str, set[Future[Any]]] = {}
        self.lock = Lock()

    async def run(self, function: Callable[..., Result], *args: Any, **named: Any) -> Result:
        return await asyncio.wrap_future(self.pool.submit(function, *args, **named))

    async def change(self, key: str, function: Callable[..., Result], *args: Any, **named: Any) -> Result:
        """Runs what changes the blob."""
        future = self.pool.submit(function, *args, **named)
        with self.lock:
            self.changing.setdefault(key, set()).add(future)
        future.add_done_callback(partial(self.forget, key))
        return await asyncio.wrap_future(future)

    def forget(self, key: str, future: Future[Any]) -> None:
        with self.lock:
            self.changing[key].discard(future)
            if not self.changing[key]:
                del self.changing[key]

    async def quiet(self, key: str) -> None:
        """Waits until nothing changes the blob any more."""
        with self.lock:
            futures = list(self.changing.get(key, ()))
        if futures:
            waits = asyncio.gather(*map(asyncio.wrap_future, futures), return_exceptions=True)
            await asyncio.shield(waits)  # who does not wait for a change any more does not end it

    def start(self, function: Callable[[], object]) -> None:
        """Runs it some time, for nobody to wait for. After `close` nothing is run any more."""
        with suppress(RuntimeError):
            self.pool.submit(function)

    def close(self) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)
