"""The bytes in the messages of a stream that brings some."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from server.files.failures import UploadFirst
from server.rpc.failures import Violation


async def chunks(requests: AsyncIterator[Any], first: str) -> AsyncIterator[bytes]:
    """Of messages that are chunks, once the one that is called `first` has come. Raises UploadFirst where it comes again."""
    async for request in requests:
        if not request.HasField("chunk"):
            raise UploadFirst(Violation(first, "comes once"))
        yield request.chunk


async def content(first: Any, requests: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    """Of messages with an HttpBody, of which the first has been read."""
    yield first.content.data
    async for request in requests:
        yield request.content.data
