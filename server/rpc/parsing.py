"""The interceptor that turns bytes into messages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from google.protobuf.message import DecodeError, Message

from server.rpc import failures
from server.rpc.call import Call, Handler
from server.rpc.methods import Method


class MalformedMessage(failures.InvalidArgument):
    """The bytes are not a message of the method's request type."""

    reason = "MALFORMED_MESSAGE"


def parsing(method: Method, handler: Handler) -> Handler:
    """The interceptor that turns bytes into messages."""
    kind = method.request_type

    def parsed(raw: bytes) -> Message:
        try:
            return kind.FromString(raw)
        except DecodeError:
            raise MalformedMessage(message=f"The bytes are not a {kind.DESCRIPTOR.full_name}.") from None

    if not method.client_streaming:

        async def parse(request: bytes, call: Call) -> Any:
            return await handler(parsed(request), call)

        return parse

    async def messages(requests: AsyncIterator[bytes]) -> AsyncIterator[Message]:
        async for raw in requests:
            yield parsed(raw)

    async def parse_stream(requests: AsyncIterator[bytes], call: Call) -> Any:
        return await handler(messages(requests), call)

    return parse_stream
