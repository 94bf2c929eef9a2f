"""Streams, and the rights of their callers, which may end before the stream does.

A stream goes on for up to an hour. Who calls, and what they may, is asked again with every message of the client, before
something is stored (`Call.confirm`), and twice a second besides: so a stream ends in time even if nothing comes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from server.rpc.admission.concurrency import withdrawn
from server.rpc.authorizing import check_access
from server.rpc.call import Call, Handler
from server.rpc.failures import Failure, PermissionDenied, Unauthenticated
from server.rpc.identifying import Authenticator, identified_again
from server.rpc.methods import Method

CHECK_SECONDS = 0.5
QUESTION_SECONDS = 2.0
"""The longest that one stream's question to PostgreSQL keeps the others waiting."""
GRACE_SECONDS = 2.0
"""How long a stream may go on with what it is about: it finds out by itself before it stores anything."""


@dataclass(slots=True)
class Stream:
    """One that is under way."""

    task: asyncio.Task[Any]
    is_waiting: bool = False
    """Whether it waits for its client."""
    refusal: Failure | None = None
    """Why it is to end."""
    refusal_time: float = 0.0
    cancellations: int = 0


@dataclass
class Streams:
    """The streams of this process."""

    authenticator: Authenticator
    running: dict[Call, Stream] = field(default_factory=dict)

    def intercept(self, method: Method, handler: Handler) -> Handler:
        """The interceptor."""
        if not (method.client_streaming or method.server_streaming):
            return handler

        async def follow(request: Any, call: Call) -> Any:
            task = asyncio.current_task()
            assert task is not None
            stream = self.running[call] = Stream(task, is_waiting=not method.client_streaming)
            call.check = self.check
            try:
                return await handler(followed(request, call, stream) if method.client_streaming else request, call)
            except asyncio.CancelledError:
                if stream.refusal is None or withdrawn(task, stream.cancellations):
                    raise
                raise stream.refusal from None
            finally:
                del self.running[call]

        return follow

    async def check(self, call: Call) -> None:
        """Finds out who calls now, and whether they still may. Raises Unauthenticated, PermissionDenied."""
        caller = await identified_again(call, self.authenticator)
        check_access(call.method, caller)
        for need in call.needs:
            caller.require(need.permission, need.organisation_id)
        call.caller = caller

    async def end_unentitled(self) -> None:
        """Ends the streams whose callers may not go on. To be done every CHECK_SECONDS."""
        for call, stream in [*self.running.items()]:
            if stream.refusal is None:
                await self.look(call, stream)
            if stream.refusal is not None and call in self.running:
                end(stream)

    async def look(self, call: Call, stream: Stream) -> None:
        """Notes why the stream is to end, if it is. What cannot be found out now ends nothing: whoever cannot be asked has not
        been told of an end, either, and nothing is stored without the question."""
        try:
            async with asyncio.timeout(QUESTION_SECONDS):
                await self.check(call)
        except (Unauthenticated, PermissionDenied) as refusal:
            stream.refusal, stream.refusal_time = refusal, time.monotonic()
        except (Failure, TimeoutError):
            return


def end(stream: Stream) -> None:
    """Cancels the stream, unless it is about to find out by itself; again, if it goes on: a driver can swallow one."""
    if stream.is_waiting or time.monotonic() - stream.refusal_time >= GRACE_SECONDS:
        stream.cancellations += 1
        stream.task.cancel()


async def followed(requests: AsyncIterator[Any], call: Call, stream: Stream) -> AsyncIterator[Any]:
    """The same messages, as long as their caller may send them. Raises Unauthenticated, PermissionDenied."""
    iterator = aiter(requests)
    while True:
        stream.is_waiting = True
        try:
            message = await anext(iterator)
        except StopAsyncIteration:
            return
        finally:
            stream.is_waiting = False
        await call.confirm()
        yield message
