"""A stream of requests, looked at one by one as gRPC draws them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from gazette_client.services.signatures import signature_of


class Drawn:
    """What one attempt sends. gRPC swallows what goes wrong while it iterates, and cancels the call: `failure` holds it."""

    def __init__(self, requests: Any, path: str) -> None:
        self.requests = requests
        self.signature = signature_of(path)
        self.failure: Exception | None = None

    def __iter__(self) -> Iterator[Any]:
        try:
            for position, request in enumerate(self.requests):
                self.check(position, request)
                yield request
        except Exception as error:
            self.failure = error
            raise

    async def __aiter__(self) -> AsyncIterator[Any]:
        position = 0
        try:
            async for request in one_by_one(self.requests):
                self.check(position, request)
                yield request
                position += 1
        except Exception as error:
            self.failure = error
            raise

    def check(self, position: int, request: Any) -> None:
        if self.signature is not None:
            self.signature.check_element(position, request)

    def tell(self) -> None:
        """Raises what went wrong on this side, if that ended the call."""
        if self.failure is not None:
            raise self.failure from None


async def one_by_one(requests: Any) -> AsyncIterator[Any]:
    if hasattr(requests, "__aiter__"):
        async for request in requests:
            yield request
    else:
        for request in requests:
            yield request
