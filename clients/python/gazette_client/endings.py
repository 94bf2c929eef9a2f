"""Has how a call of grpc.aio really ended.

A server may answer a stream of messages before its end. When a message is on its way at that moment, grpc.aio 1.85 may replace
what the server said with INTERNAL, "Internal error from Core" (grpc/grpc#36066).
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

import grpc

OVERWRITTEN = "Internal error from Core"

Value = TypeVar("Value")


class Ending:
    """What a call is told first of how it ended.

    An Ending is made in the step of the event loop that makes the call: before the call can have ended.
    """

    def __init__(self, call: Any) -> None:
        self.first: grpc.aio.AioRpcError | None = None
        call.add_done_callback(self.hear)

    def hear(self, call: Any) -> None:
        code = at_once(call.code())
        if code is not grpc.StatusCode.OK:
            initial, trailing = at_once(call.initial_metadata()), at_once(call.trailing_metadata())
            details, debugging = at_once(call.details()), at_once(call.debug_error_string())
            self.first = grpc.aio.AioRpcError(code, initial, trailing, details, debugging)

    def of(self, error: grpc.RpcError) -> grpc.RpcError:
        """What the server said: the failure that was raised, or the one that it replaced."""
        was_replaced = isinstance(error, grpc.aio.AioRpcError) and error.details() == OVERWRITTEN
        return self.first if was_replaced and self.first else error


async def answered(call: Any) -> Any:
    """The answer to a call. Raises grpc.aio.AioRpcError as the server meant it."""
    ending = Ending(call)
    try:
        return await call
    except grpc.RpcError as error:
        raise ending.of(error) from None


def at_once(coroutine: Coroutine[Any, Any, Value]) -> Value:
    """The result of a coroutine that waits for nothing, as a call's own are once it has ended."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: Value = end.value
        return result
    coroutine.close()
    raise RuntimeError("the call has not ended")
