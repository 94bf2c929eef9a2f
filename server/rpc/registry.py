"""The registry: every RPC of the contract behind the interceptors, wrapped once, when the server is put together.

grpc.aio asks each of its own interceptors anew for every call, at about 8 µs each, and each method registered one by one makes
every call dearer. So ours are plain functions that wrap a handler (`calls.Interceptor`), and grpc.aio knows one generic handler
that finds the wrapped one. It takes requests as bytes, since grpc.aio answers UNKNOWN to a message that does not parse, and
hands bytes back, since a handler may have them already.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import descriptor_pool

from server.rpc import failures
from server.rpc.ambient import enter
from server.rpc.call import Call, Handler, Interceptor
from server.rpc.methods import Method, NotInContract, declared

READ_SECONDS = 30.0
"""The longest that a client may take to read a message of a stream: 8 KiB a second of a download, at the least."""


class Registry:
    """The one generic handler. Takes the services in as a server would, and finds the wrapped handler of each call."""

    def __init__(self, interceptors: Sequence[Interceptor], proxies: frozenset[str]) -> None:
        """The first interceptor is the outermost."""
        self.interceptors = interceptors
        self.proxies = proxies
        self.handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
        self.services: list[str] = []

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        return self.handlers.get(handler_call_details.method)

    def add_generic_rpc_handlers(self, generic_rpc_handlers: Sequence[grpc.ServiceRpcHandler]) -> None:
        """What the generated `add_…Servicer_to_server` calls. Raises NotInContract."""
        for generic in generic_rpc_handlers:
            name = generic.service_name()
            self.services.append(name)
            for method in descriptor_pool.Default().FindServiceByName(name).methods:
                path = f"/{name}/{method.name}"
                handler = generic.service(Details(path))
                if handler is not None:
                    self.handlers[path] = self.wrapped(path, handler)

    def add_registered_method_handlers(self, service_name: str, method_handlers: Any) -> None:
        """Nothing: the generic handler has them."""

    def wrapped(self, path: str, handler: grpc.RpcMethodHandler[Any, Any]) -> grpc.RpcMethodHandler[Any, Any]:
        if path.startswith("/grpc."):
            return handler  # health and reflection speak for themselves
        method = declared(path)
        call: Handler = adapted(method, handler)
        for interceptor in reversed(self.interceptors):
            call = interceptor(method, call)
        proxies = self.proxies

        async def serve(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            current = Call(method, context, proxies)
            enter(current)
            return await call(request, current)

        shape = (
            (grpc.stream_stream_rpc_method_handler if method.server_streaming else grpc.stream_unary_rpc_method_handler)
            if method.client_streaming
            else (grpc.unary_stream_rpc_method_handler if method.server_streaming else grpc.unary_unary_rpc_method_handler)
        )
        return shape(serve)


@dataclass
class Details:
    """A grpc.HandlerCallDetails."""

    method: str
    invocation_metadata: tuple[tuple[str, str | bytes], ...] = ()


def adapted(method: Method, handler: grpc.RpcMethodHandler[Any, Any]) -> Handler:
    """The servicer's method as a `Handler`: takes messages and the Call, sends the headers that were collected, and answers
    bytes, or writes what it yields."""
    serialise = handler.response_serializer
    behaviour: Any = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
    assert serialise is not None

    if not (inspect.iscoroutinefunction(behaviour) or inspect.isasyncgenfunction(behaviour)):
        raise NotInContract(f"{method.path} is declared and not implemented")  # the generated base's, which is not async
    if not method.server_streaming:

        async def answer(request: Any, call: Call) -> Any:
            result = await behaviour(request, call.context)
            answer = result if type(result) is bytes else serialise(result)
            if call.headers:
                await call.send_headers()
            return answer

        return answer

    # Were grpc.aio to drive the generator, a cancelled one would be closed in another task and context.
    async def stream(request: Any, call: Call) -> None:
        answers: AsyncGenerator[Any, None]
        async with aclosing(behaviour(request, call.context)) as answers:
            async for answer in answers:
                if call.headers:
                    await call.send_headers()
                try:
                    async with asyncio.timeout(READ_SECONDS):
                        await call.context.write(serialise(answer))
                except TimeoutError:
                    raise failures.DeadlineExceeded("The client reads too slowly.", reason="STREAM_IDLE") from None
        if call.headers:
            await call.send_headers()

    return stream
