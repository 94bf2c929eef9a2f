"""How much at once, and for how long: calls beyond the bound are refused before they cost anything, and none runs for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from server.calls import Call, Handler, Interceptor, Method
from server.errors import DeadlineExceeded, ResourceExhausted

IDLE_SECONDS = 10.0
"""The longest that a stream's client may take over its next message."""
STREAM_SECONDS = 3600.0
"""The longest that a stream may take."""
MARGIN = 0.05
"""By how many seconds a client's own deadline is undercut, so that the answer says what happened before the client gives up."""


class TooManyCalls(ResourceExhausted):
    """The process has all the calls that it takes."""

    reason = "TOO_MANY_CALLS"
    message = "Too many calls at once. Try again in a moment."


class Gate:
    """Counts the calls of this process."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.calls = 0

    def intercept(self, method: Method, handler: Handler) -> Handler:
        async def count(request: Any, call: Call) -> Any:
            if self.calls >= self.limit:
                raise TooManyCalls(retry_after=1.0)
            self.calls += 1
            try:
                return await handler(request, call)
            finally:
                self.calls -= 1

        return count


def bounded(call_seconds: float) -> Interceptor:
    """The interceptor that ends a call at the client's deadline or ours, whichever is first. Calls from HTTP bring none."""

    def intercept(method: Method, handler: Handler) -> Handler:
        streams = method.client_streaming or method.server_streaming
        longest = STREAM_SECONDS if streams else call_seconds

        async def bound(request: Any, call: Call) -> Any:
            remaining = call.context.time_remaining()
            seconds = longest if remaining is None else min(longest, max(remaining - MARGIN, remaining / 2))
            try:
                async with asyncio.timeout(seconds):
                    return await handler(hurried(request) if method.client_streaming else request, call)
            except TimeoutError as error:
                raise DeadlineExceeded from error

        return bound

    return intercept


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
