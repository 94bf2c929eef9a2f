"""The interceptor that bounds how many streams and large answers one address has under way at a time.

Who reads slowly, or not at all, holds what was not yet taken. The bound of the process (`concurrency.py`) is for all together;
this one keeps an address from having all of it. An answer counts until it was taken or the client is gone.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

from server.rpc.call import Call, Handler, network
from server.rpc.failures import DeadlineExceeded, ResourceExhausted
from server.rpc.methods import Method

LARGE_ANSWER = 64 * 1024
"""Bytes that a connection takes in one go, so that smaller answers need no counting."""
JSON_A_SECOND = 4 * 1024 * 1024
"""Bytes of large answers a second that one address gets as JSON, and in one go after a pause. Envoy spends 40 ms on a megabyte,
in one of the few threads that serve everybody."""
MOST_DELAY = 2.0
"""The longest that an answer waits for its turn; what would wait longer is refused."""
MOST_PACED = 10_000
RETRY_SECONDS = 1.0
WRITE_SECONDS = 10.0
"""The longest that a client may take to read a part of a stream; a download's become shorter for who takes long (`pacing`)."""


class TooManyStreams(ResourceExhausted):
    """The address has as many downloads, uploads and large answers under way as it may have at a time."""

    reason = "TOO_MANY_STREAMS"
    message = "Too many downloads or uploads at a time. Try again when one of them has ended."


class TooMuchAtOnce(ResourceExhausted):
    """The address has asked for more in large answers than it may have in this time."""

    reason = "TOO_MUCH_AT_ONCE"
    message = "Too many large answers in a short time. Ask for fewer, or for smaller ones."


class ReadsTooSlowly(DeadlineExceeded):
    """The client has not taken what was written."""

    reason = "STREAM_IDLE"
    message = "The client reads too slowly."

    def __init__(self, unsent: asyncio.Future[None]) -> None:
        super().__init__()
        self.unsent = unsent
        """Ends when the client has taken it after all, or is gone."""


class Readers:
    """What is under way, by address."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.counts: Counter[str] = Counter()
        self.paced: dict[str, float] = {}
        """When each address will have had its time for what it was sent as JSON; who was sent something last stands last."""

    def intercept(self, method: Method, handler: Handler) -> Handler:
        """The interceptor."""
        if not (method.client_streaming or method.server_streaming):
            may_refuse = method.is_read  # otherwise it is done by now

            async def count_large(request: Any, call: Call) -> Any:
                answer = await handler(request, call)
                if len(answer) > LARGE_ANSWER:
                    self.enter(address := network(call.address), may_refuse=may_refuse)
                    task: Any = asyncio.current_task()  # of grpc.aio's, which ends once the answer has been taken
                    task.add_done_callback(lambda _: self.leave(address))
                    if call.is_http and may_refuse:
                        await self.take_turn(address, len(answer))
                return answer

            return count_large

        async def count(request: Any, call: Call) -> Any:
            self.enter(address := network(call.address))
            unsent: asyncio.Future[None] | None = None
            try:
                return await handler(request, call)
            except ReadsTooSlowly as failure:
                unsent = failure.unsent
                raise
            finally:
                if unsent is None:
                    self.leave(address)
                else:
                    unsent.add_done_callback(lambda _: self.leave(address))

        return count

    async def take_turn(self, address: str, size: int) -> None:
        """Waits until the address may have so many bytes more. Raises TooMuchAtOnce."""
        now = time.monotonic()
        delay = self.paced.pop(address, 0.0) - 1.0 - now  # a second's worth may be taken in one go
        if delay > MOST_DELAY:
            self.paced[address] = now + 1.0 + delay
            raise TooMuchAtOnce(retry_after=delay)
        self.paced[address] = max(now, now + 1.0 + delay) + size / JSON_A_SECOND
        if len(self.paced) > MOST_PACED:
            del self.paced[next(iter(self.paced))]
        if delay > 0:
            await asyncio.sleep(delay)

    def enter(self, address: str, *, may_refuse: bool = True) -> None:
        """Raises TooManyStreams."""
        if may_refuse and self.counts[address] >= self.most:
            raise TooManyStreams(retry_after=RETRY_SECONDS)
        self.counts[address] += 1

    def leave(self, address: str) -> None:
        self.counts[address] -= 1
        if not self.counts[address]:
            del self.counts[address]


async def write(call: Call, answer: bytes) -> None:
    """Writes a part of a stream. Raises ReadsTooSlowly; the write goes on then, for it cannot be taken back."""
    writing = asyncio.ensure_future(call.write(answer))
    try:
        await asyncio.wait({writing}, timeout=WRITE_SECONDS)
    finally:
        if not writing.done():
            writing.add_done_callback(forget)
    if not writing.done():
        raise ReadsTooSlowly(writing)
    writing.result()


def forget(writing: asyncio.Future[None]) -> None:
    """Looks at how it ended, which otherwise would be logged as overlooked: a client that was given up has left."""
    if not writing.cancelled():
        writing.exception()
