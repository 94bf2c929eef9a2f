"""The registry: every RPC of the contract behind the interceptors, wrapped once, when the server is put together.

grpc.aio asks each of its own interceptors anew for every call, at about 8 µs each, and each method registered one by one makes
every call dearer. So ours are plain functions that wrap a handler (`call.Interceptor`), and grpc.aio knows one generic handler
that finds the wrapped one. It takes requests as bytes, since grpc.aio answers UNKNOWN to a message that does not parse, and
hands bytes back, since a handler may have them already. To grpc.aio every method takes a stream of requests: the message of a
unary call is read by an interceptor of ours (`admission/arriving.py`), under a deadline.

A service is put together of parts. A part is an object with some of the service's methods, named as in the contract:
`async def GetPage(self, request, call)` answers a message or its bytes; a method that streams answers is an async generator.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from contextvars import ContextVar
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from prometheus_client import Counter

from server.rpc.admission.concurrency import Limits, TooManyCalls
from server.rpc.admission.readers import write
from server.rpc.ambient import enter
from server.rpc.answers import MOST
from server.rpc.call import Arrived, Call, Handler, Interceptor
from server.rpc.failures import AnswerTooLarge
from server.rpc.methods import Method, NotInContract, declared
from server.rpc.translating import STATUS, whole

arrived: ContextVar[Arrived] = ContextVar("arrived")
"""The metadata of the call for which a handler has just been looked up, in the same task that will run it. grpc decodes it for
the look-up in any case, and again whenever it is asked: with a line in the log each time if it is no text."""

TURNED_AWAY = Counter(
    "gazette_calls_turned_away_total", "Calls that were refused unread, too many being under way.", ["method"]
)


class Registry(grpc.GenericRpcHandler):
    """The one generic handler. It is told which parts answer for a service, and finds the wrapped handler of each call."""

    def __init__(
        self,
        interceptors: Sequence[Interceptor],
        proxies: frozenset[str],
        limits: Limits | None = None,
    ) -> None:
        """The first interceptor is the outermost. The limits, of which one is made, say what is to be refused unread."""
        self.interceptors = interceptors
        self.proxies = proxies
        self.limits = limits
        self.refusals: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
        self.handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
        self.services: list[str] = []

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        """What answers or refuses a call. grpc asks for it in the task that is to answer."""
        path = handler_call_details.method
        if path not in self.handlers:
            return None
        if self.limits is not None:
            if self.limits.is_full(path):
                return self.refusals[path]
            self.limits.coming(path)
        arrived.set(handler_call_details.invocation_metadata)
        return self.handlers[path]

    def is_read(self, path: str) -> bool:
        """Whether the method is something that the public reads."""
        return self.limits is not None and self.limits.is_read(path)

    def serve(self, service: ServiceDescriptor, *parts: object) -> None:
        """Lets the parts answer for the service. Raises NotInContract unless each of its methods is in one of them, and none of
        them has another."""
        found = behaviours(service, parts)
        for name, behaviour in found.items():
            method = declared(f"/{service.full_name}/{name}")
            self.handlers[method.path] = self.wrapped(method, behaviour)
            self.refusals[method.path] = turning_away(method)
        self.services.append(service.full_name)

    def wrapped(self, method: Method, behaviour: Any) -> grpc.RpcMethodHandler[Any, Any]:
        call: Handler = streaming(method, behaviour) if method.server_streaming else answering(behaviour)
        for interceptor in reversed(self.interceptors):
            call = interceptor(method, call)
        proxies = self.proxies

        async def serve(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            metadata = arrived.get(None)
            if metadata is None:  # grpc's own loop took it in, and asked for no handler
                metadata = tuple(context.invocation_metadata() or ())
            current = Call(method, context, proxies, metadata)
            enter(current)
            return await call(request, current)

        shape: Any = grpc.stream_stream_rpc_method_handler if method.server_streaming else grpc.stream_unary_rpc_method_handler
        handler: grpc.RpcMethodHandler[Any, Any] = shape(serve)
        return handler


def turning_away(method: Method) -> grpc.RpcMethodHandler[Any, Any]:
    """The handler that refuses a call at the least cost: what it says is made once, and nothing of the call is read."""
    code, text, status = whole(TooManyCalls())
    trailers: Any = ((STATUS, status), *TooManyCalls().headers())
    turned_away = TURNED_AWAY.labels(method.path)

    async def refuse(requests: Any, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        turned_away.inc()
        await context.abort(code, text, trailers)

    handler: grpc.RpcMethodHandler[Any, Any] = grpc.stream_stream_rpc_method_handler(refuse)
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
        if len(answer) > MOST:
            raise AnswerTooLarge(len(answer), MOST)
        if call.headers:
            await call.send_headers()
        return answer

    return answer


def streaming(method: Method, behaviour: Any) -> Handler:
    """The handler of a method with many answers, which it writes to the call's context.

    Were grpc.aio to drive the generator, a cancelled one would be closed in another task and context."""

    async def stream(request: Any, call: Call) -> None:
        answers: AsyncGenerator[Any, None]
        async with aclosing(behaviour(request, call)) as answers:
            async for answer in answers:
                raw = answer.SerializeToString()
                if len(raw) > MOST:
                    raise AnswerTooLarge(len(raw), MOST)
                if call.headers:
                    await call.send_headers()
                await write(call, raw)
        if method.client_streaming:
            await asyncio.sleep(0)  # a client that leaves ends its messages, too; its cancellation arrives only here
        if call.headers:
            await call.send_headers()

    return stream
