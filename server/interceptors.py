"""The chain: puts every RPC of the contract behind the interceptors, once, when it is first called.

grpc.aio asks each of its interceptors anew for every call, at about 8 µs each. So this is the only one it knows; ours are plain
functions that wrap a handler (`calls.Interceptor`), and the wrapped handler is kept. It takes requests as bytes, since
grpc.aio answers UNKNOWN to a message that does not parse, and hands bytes back, since a handler may have them already.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any

import grpc
from google.protobuf import symbol_database
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from gazette.access.v1.access_pb2 import AccessRule, access
from server import errors
from server.calls import Call, Handler, Interceptor, Method, enter


class NotInContract(Exception):
    """A method that the contract does not declare, or does not say who may call; stops the start."""


class MalformedMessage(errors.InvalidArgument):
    """The bytes are not a message of the method's request type."""

    reason = "MALFORMED_MESSAGE"


class Chain(grpc.aio.ServerInterceptor):
    """Wraps each handler in the interceptors, the first outermost."""

    def __init__(self, interceptors: Sequence[Interceptor], proxies: frozenset[str]) -> None:
        self.interceptors = interceptors
        self.proxies = proxies
        self.wrapped: dict[str, grpc.RpcMethodHandler[Any, Any] | None] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any]]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any]:
        path = handler_call_details.method
        known = self.wrapped.get(path)
        if known is not None:
            return known
        handler = await continuation(handler_call_details)
        if handler is None:
            return handler  # unknown methods are not kept: their names are the callers' invention
        self.wrapped[path] = wrapped = self.wrap(path, handler)
        return wrapped

    def wrap(self, path: str, handler: grpc.RpcMethodHandler[Any, Any]) -> grpc.RpcMethodHandler[Any, Any]:
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


def adapted(method: Method, handler: grpc.RpcMethodHandler[Any, Any]) -> Handler:
    """The servicer's method as a `Handler`: takes messages and the Call, answers bytes, or writes what it yields."""
    serialise = handler.response_serializer
    behaviour = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
    assert behaviour is not None and serialise is not None

    if not method.server_streaming:

        async def answer(request: Any, call: Call) -> Any:
            result = await behaviour(request, call.context)
            return result if type(result) is bytes else serialise(result)

        return answer

    # Were grpc.aio to drive the generator, a cancelled one would be closed in another task and context.
    async def stream(request: Any, call: Call) -> None:
        async with aclosing(behaviour(request, call.context)) as answers:
            async for answer in answers:
                await call.context.write(serialise(answer))

    return stream


def declared(path: str) -> Method:
    """The method as the contract declares it. Raises NotInContract."""
    try:
        descriptor = method_descriptor(path)
    except KeyError:
        raise NotInContract(f"{path} is not in the contract") from None
    return Method(
        path=path,
        request_type=GetMessageClass(descriptor.input_type),
        client_streaming=descriptor.client_streaming,
        server_streaming=descriptor.server_streaming,
        rule=access_rule(descriptor),
    )


def access_rule(descriptor: MethodDescriptor) -> AccessRule:
    """Who may call the method. Raises NotInContract where the contract does not say."""
    options: MethodOptions = descriptor.GetOptions()
    rule = options.Extensions[access]
    if not (rule.public or rule.signed_in or rule.permission):
        raise NotInContract(f"{descriptor.full_name} declares no access rule; add option (gazette.access.v1.access)")
    return rule


def method_descriptor(path: str) -> MethodDescriptor:
    """Raises KeyError for a method that no contract known here declares."""
    service_name, _, name = path.lstrip("/").partition("/")
    descriptor: MethodDescriptor = symbol_database.Default().pool.FindServiceByName(service_name).methods_by_name[name]
    return descriptor


def idempotency_level(path: str) -> int:
    """What the contract says of repeating the method: a MethodOptions.IdempotencyLevel."""
    options: MethodOptions = method_descriptor(path).GetOptions()
    return options.idempotency_level


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
