"""How much at once, and for how long: calls beyond the bound are refused before they cost anything, and none runs for ever."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from server.rpc.call import Call, Handler
from server.rpc.failures import DeadlineExceeded, ResourceExhausted
from server.rpc.methods import Method

IDLE_SECONDS = 10.0
"""The longest that a stream's client may take over its next message."""
STREAM_SECONDS = 3600.0
"""The longest that a stream may take."""
SWEEP_SECONDS = 0.05
AGAIN_SECONDS = 0.5
"""After which a late call that goes on is cancelled again: a driver that was about to answer can swallow a cancellation."""
MARGIN = 2 * SWEEP_SECONDS
"""By how many seconds a client's own deadline is undercut, so that the answer says what happened before the client gives up."""


class TooManyCalls(ResourceExhausted):
    """The process has all the calls that it takes."""

    reason = "TOO_MANY_CALLS"
    message = "Too many calls at once. Try again in a moment."


class Limits:
    """The calls of this process. A timer for each would cost as much as an answer from memory: one sweep ends what is late."""

    def __init__(self, most_calls: int, call_seconds: float) -> None:
        self.most_calls = most_calls
        self.most_streams = max(1, most_calls // 2)
        """A stream may stand still for long; the other half is for those who come and go."""
        self.call_seconds = call_seconds
        self.streams = 0
        self.running: dict[Call, asyncio.Task[Any]] = {}
        self.late: Counter[Call] = Counter()
        """How often each call was cancelled for being late."""

    def intercept(self, method: Method, handler: Handler) -> Handler:
        """The interceptor."""
        running, most_calls, late = self.running, self.most_calls, self.late

        async def limit(request: Any, call: Call) -> Any:
            if len(running) >= most_calls:
                raise TooManyCalls(retry_after=1.0)
            task = asyncio.current_task()
            assert task is not None
            running[call] = task
            try:
                return await handler(request, call)
            except asyncio.CancelledError:
                if not late[call] or withdrawn(task, late[call]):
                    raise
                raise DeadlineExceeded from None
            finally:
                del running[call]
                del late[call]

        if not (method.client_streaming or method.server_streaming):
            return limit

        async def limit_stream(request: Any, call: Call) -> Any:
            if self.streams >= self.most_streams:
                raise TooManyCalls(retry_after=1.0)
            self.streams += 1
            try:
                return await limit(hurried(request) if method.client_streaming else request, call)
            finally:
                self.streams -= 1

        return limit_stream

    async def end_late(self) -> None:
        """Ends what is late. To be done every SWEEP_SECONDS."""
        for call, task in [*self.running.items()]:
            if self.seconds_left(call) <= -AGAIN_SECONDS * self.late[call]:
                self.late[call] += 1
                task.cancel()

    def seconds_left(self, call: Call) -> float:
        """Until the client's deadline or ours, whichever is first. Calls from HTTP bring none."""
        streams = call.method.client_streaming or call.method.server_streaming
        ours = (STREAM_SECONDS if streams else self.call_seconds) - call.seconds
        theirs: Any = call.context.time_remaining()  # None without a deadline, whatever its type says
        return ours if theirs is None else min(ours, theirs - MARGIN)


def withdrawn(task: asyncio.Task[Any], cancellations: int) -> int:
    """Takes so many cancellations back; how many others are left."""
    for _ in range(cancellations):
        task.uncancel()
    return task.cancelling()


async def hurried(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """The same messages, as long as none takes longer than IDLE_SECONDS to come."""
    iterator = aiter(requests)
    while True:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                message = await anext(iterator)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise DeadlineExceeded("No message came for ten seconds.", reason="STREAM_IDLE") from None
        yield message
