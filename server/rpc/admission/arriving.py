"""The interceptor that waits for a unary call's message.

grpc.aio's own handlers of unary methods wait for the message before anybody else hears of the call: one that says nothing would
be held for ever, under no deadline of ours, and one that ends without a message would never be answered. So every method is
served as one that takes a stream (`registry.py`), and its one message is read here.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import grpc

from server.rpc.answers import MOST
from server.rpc.call import Call, Handler
from server.rpc.failures import DeadlineExceeded, InvalidArgument, RequestTooLarge
from server.rpc.methods import Method

SWEEP_SECONDS = 0.25
MESSAGE_SECONDS = 10.0
"""The longest that a client may take over the one message of a call, from the call's first byte on."""
BODY_SECONDS = 20.0
"""The same for the body of an HTTP request, which Envoy ends where it stands still: 4 MiB at 1.7 Mbit/s."""


class MissingMessage(InvalidArgument):
    """The client ended its side of the call, and had said nothing."""

    reason = "MISSING_MESSAGE"
    message = "The call ended without a message."


class Arrivals:
    """The calls whose message has not come yet. A timer for each would cost too much: one sweep ends those that are late."""

    def __init__(self) -> None:
        self.waiting: dict[Call, asyncio.Task[Any]] = {}
        """The oldest first."""

    def intercept(self, method: Method, handler: Handler) -> Handler:
        """The interceptor. What stands below it has the message, and its time begins with that."""
        if method.client_streaming:
            return handler
        waiting = self.waiting

        async def arrive(_messages: Any, call: Call) -> Any:
            task = asyncio.current_task()
            assert task is not None
            waiting[call] = task
            try:
                message = await call.context.read()
            except asyncio.CancelledError:
                if call in waiting or task.uncancel():
                    raise  # the client left, or the server stops
                raise DeadlineExceeded("No message came in time.", reason="MESSAGE_TOO_LATE") from None
            finally:
                waiting.pop(call, None)
            if message is grpc.aio.EOF:
                await asyncio.sleep(0)  # a client that leaves ends its messages, too; its cancellation arrives only here
                raise MissingMessage
            if len(message) > MOST:
                raise RequestTooLarge(len(message), MOST)
            call.start = time.perf_counter()
            return await handler(message, call)

        return arrive

    async def end_late(self) -> None:
        """Ends those that are late. To be done every SWEEP_SECONDS."""
        for call, task in [*self.waiting.items()]:
            if call.seconds < MESSAGE_SECONDS:
                break
            if not call.is_http or call.seconds > BODY_SECONDS:
                del self.waiting[call]
                task.cancel()
