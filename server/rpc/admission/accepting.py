"""Taking calls in: several of each method at a time.

grpc.aio asks its core for one call, and for the next one about five turns of the event loop later. A busy loop turns a few
hundred times a second: so calls pile up in the core, where nobody sees them, and whoever is to be refused hears of it after
seconds, or is told CANCELLED by the core itself. Here the core is asked for some calls of each method at once. What waits there
is taken in within a turn or two, and a flood of one method does not keep the calls of another waiting.

This is what `grpc.aio.Server` does inside for methods that are registered, with the same parts of it, which are not public
(docs/decisions/0024). With a release of grpcio that has them no longer, no process starts.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any, Protocol

import grpc
from grpc._cython import cygrpc  # type: ignore[attr-defined]  # it has no types

LEAST, MOST = 3, 64
"""How many calls of a method the core is asked for at once: more of them while all that was asked for comes at once."""
MOST_READS = 16
"""The same of what the public reads: it costs little more to answer than to refuse it, so it may as well wait in the core."""
IDLE_SECONDS = 5.0
"""A question that stood for so long is not asked again, unless it is one of the last."""


class Door(Protocol):
    """What decides on each call that comes, before anything of it is read."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        """The handler that answers or refuses the call, in whose task it is asked for."""

    def is_read(self, path: str) -> bool:
        """Whether the method is something that the public reads."""


class Acceptance:
    """Takes in the calls of these methods for as long as the server runs."""

    def __init__(self, server: grpc.aio.Server, door: Door, handlers: Mapping[str, Any]) -> None:
        self.inner: Any = server._server  # type: ignore[attr-defined]
        self.request: Any = self.inner._request_registered_call
        self.handle, self.schedule = cygrpc._handle_rpc, cygrpc._schedule_rpc_coro
        self.door = door
        self.most = {path: MOST_READS if door.is_read(path) else MOST for path in handlers}
        self.questions: Counter[str] = Counter()
        """How many calls of each method the core is asked for, or is about to be."""
        self.open: Counter[str] = Counter()
        """How many of them have not come."""
        self.tasks: set[asyncio.Task[None]] = set()
        self.inner.add_registered_method_handlers(dict(handlers))

    def start(self) -> None:
        """To be called when the server has started."""
        for path in self.most:
            self.ask(path, LEAST)

    def ask(self, path: str, more: int) -> None:
        for _ in range(more):
            self.questions[path] += 1
            self.keep(asyncio.create_task(self.accept(path)))

    def keep(self, task: asyncio.Task[None]) -> None:
        """The loop itself holds its tasks weakly."""
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def resolve_handler(self, details: Any) -> grpc.RpcMethodHandler[Any, Any] | None:
        """What grpc asks for each call."""
        return self.door.service(details)

    async def accept(self, path: str) -> None:
        loop, name = asyncio.get_running_loop(), path.encode()
        while self.inner.is_running():
            asked = loop.time()
            self.open[path] += 1
            try:
                state = await self.request(name)
            except cygrpc._RequestCallError:
                continue  # the server stops
            finally:
                self.open[path] -= 1
            handled = self.handle(path, self, (), state, loop, False)
            self.keep(loop.create_task(self.schedule(handled, state, loop, path)))
            questions = self.questions[path]
            if not self.open[path] and questions < self.most[path]:
                self.ask(path, questions)
            elif questions > LEAST and loop.time() - asked > IDLE_SECONDS:
                break
            await asyncio.sleep(0)  # so that the last one to be answered in a turn sees that all were
        self.questions[path] -= 1
