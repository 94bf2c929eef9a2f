"""The methods of the asyncio client: as `rpcs`, but that what fails is told where the call is awaited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from typing import Any

from gazette_client.channels import Connection
from gazette_client.errors import GazetteError
from gazette_client.services.rpcs import Described, Stub
from gazette_client.services.signatures import ABSENT, OPTIONS, Signature, signatures
from gazette_client.unreachable import outward


def equipped(stub: Stub, servicer: type, connection: Connection) -> Stub:
    """The stub, with our methods in the place of its own."""
    for name, signature in signatures(servicer).items():
        kind = AsyncStreamingRpc if signature.streams_requests else AsyncRpc
        setattr(stub, name, kind(getattr(stub, name), signature, connection))
    return stub


class AsyncRpc(Described):
    """A method that takes one request."""

    def __call__(self, request: Any = ABSENT, **options: Any) -> Any:
        if type(request) is not self.takes or not options.keys() <= OPTIONS:
            self.signature.refuse(request, options)
        self.connection.check()
        return Told(self.call(request, **options), self.connection)


class AsyncStreamingRpc(Described):
    """A method that takes a stream of requests, or has them written to its call one by one."""

    def __call__(self, request_iterator: Any = None, **options: Any) -> Any:
        self.signature.refuse_stream([] if request_iterator is None else request_iterator, options)
        self.connection.check()
        call = self.call(request_iterator, **options)
        return Told(call, self.connection) if request_iterator is not None else Written(call, self.connection, self.signature)


class Told:
    """A call whose failure is raised from here: what lies behind says nothing of the call. All else is the call's own."""

    def __init__(self, call: Any, connection: Connection) -> None:
        self.call = call
        self.connection = connection

    def __await__(self) -> Generator[Any, None, Any]:
        try:
            return (yield from self.call.__await__())
        except GazetteError as error:
            raise outward(error, self.connection.target) from error.__cause__

    async def __aiter__(self) -> AsyncIterator[Any]:
        try:
            async for answer in self.call:
                yield answer
        except GazetteError as error:
            raise outward(error, self.connection.target) from error.__cause__

    def __getattr__(self, name: str) -> Any:
        return getattr(self.call, name)


class Written(Told):
    """A call that is written to, request by request."""

    def __init__(self, call: Any, connection: Connection, signature: Signature) -> None:
        super().__init__(call, connection)
        self.signature = signature
        self.position = 0

    async def write(self, request: Any) -> None:
        self.signature.check_element(self.position, request)
        self.position += 1
        await self.call.write(request)
