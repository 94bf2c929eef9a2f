"""The registry: every RPC of the contract behind the interceptors, wrapped once, when the server is put together.

grpc.aio asks each of its own interceptors anew for every call, at about 8 µs each, and each method registered one by one makes
every call dearer. So ours are plain functions that wrap a handler (`call.Interceptor`), and grpc.aio knows one generic handler
that finds the wrapped one. It takes requests as bytes, since grpc.aio answers UNKNOWN to a message that does not parse, and
hands bytes back, since a handler may have them already.

A service is put together of parts. A part is an object with some of the service's methods, named as in the contract:
`async def GetPage(self, request, call)` answers a message or its bytes; a method that streams answers is an async generator.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor

from server.rpc.ambient import enter
from server.rpc.call import Call, Handler, Interceptor
from server.rpc.failures import DeadlineExceeded
from server.rpc.methods import Method, NotInContract, declared

READ_SECONDS = 30.0
"""The longest that a client may take to read a message of a stream: 8 KiB a second of a download, at the least."""

SHAPES: Mapping[tuple[bool, bool], Any] = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}
"""grpc's handlers, by whether the requests and the answers are streams."""


class Registry(grpc.GenericRpcHandler):
    """The one generic handler. It is told which parts answer for a service, and finds the wrapped handler of each call."""

    def __init__(self, interceptors: Sequence[Interceptor], proxies: frozenset[str]) -> None:
        """The first interceptor is the outermost."""
        self.interceptors = interceptors
        self.proxies = proxies
        self.handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
        self.services: list[str] = []
        self.foreign: list[grpc.ServiceRpcHandler] = []

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        """What grpc asks for each call."""
        found = self.handlers.get(handler_call_details.method)
        if found is not None:
            return found
        return next(filter(None, (each.service(handler_call_details) for each in self.foreign)), None)

    def serve(self, service: ServiceDescriptor, *parts: object) -> None:
        """Lets the parts answer for the service. Raises NotInContract unless each of its methods is in one of them, and none of
        them has another."""
        found = behaviours(service, parts)
        for name, behaviour in found.items():
            method = declared(f"/{service.full_name}/{name}")
            self.handlers[method.path] = self.wrapped(method, behaviour)
        self.services.append(service.full_name)

    def add_generic_rpc_handlers(self, generic_rpc_handlers: Sequence[grpc.ServiceRpcHandler]) -> None:
        """Takes in services that speak for themselves, health and reflection: their `add_…_to_server` calls this."""
        for each in generic_rpc_handlers:
            self.services.append(each.service_name())
            self.foreign.append(each)

    def add_registered_method_handlers(self, service_name: str, method_handlers: Any) -> None:
        """Takes nothing: the generic handler has them."""

    def wrapped(self, method: Method, behaviour: Any) -> grpc.RpcMethodHandler[Any, Any]:
        call: Handler = streaming(behaviour) if method.server_streaming else answering(behaviour)
        for interceptor in reversed(self.interceptors):
            call = interceptor(method, call)
        proxies = self.proxies

        async def serve(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            current = Call(method, context, proxies)
            enter(current)
            return await call(request, current)

        handler: grpc.RpcMethodHandler[Any, Any] = SHAPES[method.client_streaming, method.server_streaming](serve)
        return handler


def behaviours(service: ServiceDescriptor, parts: Sequence[object]) -> dict[str, Any]:
    """Which part's method answers for each method of the service. Raises NotInContract."""
    wanted = {method.name: method for method in service.methods}
    found: dict[str, Any] = {}
    for part in parts:
        for name in (each for each in dir(part) if each[0].isupper()):
            behaviour = getattr(part, name)
            if name not in wanted:
                raise NotInContract(f"{type(part).__name__}.{name} is no method of {service.full_name}")
            if name in found:
                raise NotInContract(f"{service.full_name}/{name} is there twice; {type(part).__name__} has it too")
            is_right = inspect.isasyncgenfunction if wanted[name].server_streaming else inspect.iscoroutinefunction
            if not is_right(behaviour):
                raise NotInContract(f"{type(part).__name__}.{name} does not answer as {service.full_name} declares it")
            found[name] = behaviour
    if missing := sorted(set(wanted) - set(found)):
        raise NotInContract(f"{service.full_name} is declared and not implemented: {', '.join(missing)}")
    return found


def answering(behaviour: Any) -> Handler:
    """The handler of a method with one answer: it sends the headers that were collected, and answers bytes."""

    async def answer(request: Any, call: Call) -> bytes:
        result = await behaviour(request, call)
        answer: bytes = result if type(result) is bytes else result.SerializeToString()
        if call.headers:
            await call.send_headers()
        return answer

    return answer


def streaming(behaviour: Any) -> Handler:
    """The handler of a method with many answers, which it writes to the call's context.

    Were grpc.aio to drive the generator, a cancelled one would be closed in another task and context."""

    async def stream(request: Any, call: Call) -> None:
        answers: AsyncGenerator[Any, None]
        async with aclosing(behaviour(request, call)) as answers:
            async for answer in answers:
                if call.headers:
                    await call.send_headers()
                try:
                    async with asyncio.timeout(READ_SECONDS):
                        await call.context.write(answer.SerializeToString())
                except TimeoutError:
                    raise DeadlineExceeded("The client reads too slowly.", reason="STREAM_IDLE") from None
        if call.headers:
            await call.send_headers()

    return stream
