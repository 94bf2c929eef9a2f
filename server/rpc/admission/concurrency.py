"""How much at once, and for how long: calls beyond the bound are refused before they cost anything, and none runs for ever."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from server.rpc.admission.shares import COMING, Coming, Share, Turns
from server.rpc.call import Call, Handler
from server.rpc.failures import DeadlineExceeded, ResourceExhausted, Unavailable
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
RETRY_SECONDS = 1.0
QUIET_SECONDS, LONGEST_HOLD = 0.02, 0.25
"""After how long without a call the last one of a stopping process is thought to be in, and how long that is waited for."""


class TooManyCalls(ResourceExhausted):
    """The process has all the calls of this kind that it takes."""

    reason = "TOO_MANY_CALLS"
    message = "Too many calls at once. Try again in a moment."

    def __init__(self) -> None:
        super().__init__(retry_after=RETRY_SECONDS)


class Stopping(Unavailable):
    """The process ends, and does not finish the call."""

    reason = "SERVER_STOPPING"
    message = "This server is stopping. Try again: another one answers."


class Limits:
    """The calls of this process. A timer for each would cost as much as an answer from memory: one sweep ends what is late.

    What the public reads has places of its own: it is answered while all else is refused. Of what people who are signed in ask
    for, only some is worked on at a time. All at once would take as long, and turn the event loop so slowly that nobody could
    even be refused in time.
    """

    def __init__(self, most_calls: int, call_seconds: float) -> None:
        half = max(1, most_calls // 2)
        self.turns = Turns()
        self.reads = Share(most_calls)
        self.sign_ins = Share(half)
        """What strangers may do but read."""
        self.work = Share(half, self.turns)
        self.streams = Share(half)
        """Each may stand still for long."""
        self.shares: dict[str, Share] = {}
        """Of each method, by its path."""
        self.call_seconds = call_seconds
        self.running: dict[Call, asyncio.Task[Any]] = {}
        self.late: Counter[Call] = Counter()
        """How often each call was cancelled for being late, or because the process ends."""
        self.swept = 0.0
        """When the last sweep ended."""
        self.came = 0
        """How many calls have come."""
        self.held: asyncio.Event | None = None
        self.is_stopping = False

    def share(self, method: Method) -> Share:
        if method.client_streaming or method.server_streaming:
            return self.streams
        if not method.rule.public:
            return self.work
        return self.reads if method.is_read else self.sign_ins

    def is_full(self, path: str) -> bool:
        """Whether another call of this method would be refused, before anything of it is read."""
        share = self.shares.get(path)  # a probe has none
        return share is not None and share.is_full and self.held is None

    def is_read(self, path: str) -> bool:
        """Whether it is something that the public reads."""
        return self.shares.get(path) is self.reads

    def coming(self, path: str) -> None:
        """Counts a call that is about to be read, in the task that is to answer it."""
        if path in self.shares:
            newest = self.shares[path].coming[-1]
            newest.calls += 1
            COMING.set(newest)

    def intercept(self, method: Method, handler: Handler) -> Handler:
        """The interceptor."""
        if method.is_probe:
            return handler
        running, late = self.running, self.late
        share = self.shares[method.path] = self.share(method)
        if share.turns is not None:
            handler = in_turn(handler, share.turns)
        if method.client_streaming:
            handler = in_time(handler)

        async def limit(request: Any, call: Call) -> Any:
            self.came += 1
            if (coming := COMING.get()) is not None:
                coming.calls -= 1
            if self.held is not None:
                await self.held.wait()
            if share.taken >= share.most:
                raise TooManyCalls
            task = asyncio.current_task()
            assert task is not None
            running[call] = task
            share.taken += 1
            try:
                return await handler(request, call)
            except asyncio.CancelledError:
                if not late[call] or withdrawn(task, late[call]):
                    raise
                raise (Stopping() if self.is_stopping else DeadlineExceeded()) from None
            finally:
                share.taken -= 1
                del running[call]
                del late[call]

        return limit

    async def end_late(self) -> None:
        """Ends what is late, and looks how late the loop itself is. To be done every SWEEP_SECONDS."""
        now = time.monotonic()
        self.turns.adapt(now - self.swept - SWEEP_SECONDS if self.swept else 0.0)
        for call, task in [*self.running.items()]:
            if self.seconds_left(call) <= -AGAIN_SECONDS * self.late[call]:
                self.end(call, task)
        for share in (self.reads, self.sign_ins, self.work, self.streams):
            share.coming.append(Coming())
        self.swept = time.monotonic()

    async def end_all(self) -> None:
        """Ends all calls: the process does."""
        self.is_stopping = True
        for call, task in [*self.running.items()]:
            self.end(call, task)

    def end(self, call: Call, task: asyncio.Task[Any]) -> None:
        self.late[call] += 1
        task.cancel()

    async def hold(self) -> None:
        """Lets calls that come wait for `release`. Returns when those on their way have come, as far as one can tell."""
        self.held = asyncio.Event()
        loop = asyncio.get_running_loop()
        end, came = loop.time() + LONGEST_HOLD, -1
        while came != self.came and loop.time() < end:
            came = self.came
            await asyncio.sleep(QUIET_SECONDS)

    def release(self) -> None:
        """Lets those that were held go on."""
        if self.held is not None:
            self.held.set()
            self.held = None

    def seconds_left(self, call: Call) -> float:
        """Until the client's deadline or ours, whichever is first. Calls from HTTP bring none."""
        streams = call.method.client_streaming or call.method.server_streaming
        ours = (STREAM_SECONDS if streams else self.call_seconds + call.allowance) - call.seconds
        theirs: Any = call.context.time_remaining()  # None without a deadline, whatever its type says
        return ours if theirs is None else min(ours, theirs - MARGIN)


def in_turn(handler: Handler, turns: Turns) -> Handler:
    """The same handler, for calls that are worked on when it is their turn."""

    async def work(request: Any, call: Call) -> Any:
        await turns.take()
        try:
            return await handler(request, call)
        finally:
            turns.give()

    return work


def in_time(handler: Handler) -> Handler:
    """The same handler, for streams whose clients must not be silent for long."""

    async def read(requests: Any, call: Call) -> Any:
        return await handler(hurried(requests), call)

    return read


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
