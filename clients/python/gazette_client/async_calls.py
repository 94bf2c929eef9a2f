"""Has conversations for the asyncio client: gRPC interceptors in front of every call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import grpc

from gazette.auth.v1.auth_service_pb2 import LoginRequest
from gazette_client.conversation import Attempt, Authorise, Conduct, Wait, too_late
from gazette_client.endings import Ending, answered
from gazette_client.errors import GazetteError, typed
from gazette_client.methods import method
from gazette_client.publications import Publications
from gazette_client.services.drawn import Drawn
from gazette_client.session import Session

if TYPE_CHECKING:
    from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub

END = object()


async def run(conversation: Any, perform: Callable[[Any], Awaitable[Any]]) -> Any:
    """Does what the generator says, step by step, until it returns."""
    with closing(conversation):
        try:
            step = next(conversation)
            while True:
                failed: GazetteError | None = None
                try:
                    answer = await perform(step)
                except grpc.RpcError as error:
                    failed = typed(error)
                step = conversation.throw(failed) if failed else conversation.send(answer)
        except StopIteration as end:
            return end.value


class SignIn:
    """Renews the session for all tasks that need it at once, in a task of its own."""

    def __init__(self, session: Session, auth: Callable[[], AuthServiceAsyncStub]) -> None:
        self.session = session
        self.auth = auth
        self.pending: asyncio.Task[str] | None = None

    async def token(self, step: Authorise) -> str:
        known = self.session.token(step.refused)
        if known:
            return known
        if self.pending is None or self.pending.done():
            self.pending = asyncio.create_task(run(self.session.renewal(), self.ask))
            self.pending.add_done_callback(seen)
        try:
            async with asyncio.timeout(step.timeout):
                return await asyncio.shield(self.pending)
        except TimeoutError:
            raise too_late() from None

    async def ask(self, request: Any) -> Any:
        auth = self.auth()
        return await (auth.Login(request) if isinstance(request, LoginRequest) else auth.RefreshToken(request))

    def close(self) -> None:
        if self.pending is not None:
            self.pending.cancel()


def seen(task: asyncio.Task[str]) -> None:
    """Keeps asyncio from reporting a failure that nobody waits for any more."""
    if not task.cancelled():
        task.exception()


class Calls:
    """What the interceptors have in common; grpc.aio wants one for each shape."""

    def __init__(self, conduct: Conduct, sign_in: SignIn) -> None:
        self.conduct = conduct
        self.sign_in = sign_in

    async def converse(
        self, details: grpc.aio.ClientCallDetails, attempt: Callable[[Any], Awaitable[Any]], *, can_repeat: bool = True
    ) -> Any:
        async def perform(step: Attempt | Authorise | Wait) -> Any:
            match step:
                case Attempt():
                    return await attempt(described(details, step))
                case Authorise():
                    return await self.sign_in.token(step)
                case Wait():
                    return await asyncio.sleep(step.seconds)

        called = method(path(details))
        return await run(self.conduct.converse(called, details.timeout, details.metadata, can_repeat=can_repeat), perform)


class UnaryCalls(Calls, grpc.aio.UnaryUnaryClientInterceptor):
    """One message there, one back."""

    async def intercept_unary_unary(
        self, continuation: Any, client_call_details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        async def attempt(details: grpc.aio.ClientCallDetails) -> Any:
            call = await continuation(details, request)
            self.conduct.learn(client_call_details.metadata, request, await call)
            return call

        return await self.converse(client_call_details, attempt)


class ServerStreams(Calls, grpc.aio.UnaryStreamClientInterceptor):
    """One message there, a stream back. Waits for the first answer: until then, a stream can begin again."""

    async def intercept_unary_stream(
        self, continuation: Any, client_call_details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        async def attempt(details: grpc.aio.ClientCallDetails) -> Any:
            rest = aiter(await continuation(details, request))
            return answers(await anext(rest, END), rest)

        return await self.converse(client_call_details, attempt)


class ClientStreams(Calls, grpc.aio.StreamUnaryClientInterceptor):
    """A stream there, one message back.

    What is no iterator itself, a list or an Outgoing, can be iterated again, and so be sent again. Otherwise the call is
    handed out before it is answered: whoever writes to it message by message needs it for that.
    """

    async def intercept_stream_unary(
        self, continuation: Any, client_call_details: grpc.aio.ClientCallDetails, request_iterator: Any
    ) -> Any:
        can_repeat = not isinstance(request_iterator, Iterator | AsyncIterator)

        async def attempt(details: grpc.aio.ClientCallDetails) -> Any:
            requests = Drawn(request_iterator, path(client_call_details))
            call = await continuation(details, requests)
            if not can_repeat:
                return Answer(call, self.conduct.publications, requests)
            try:
                self.conduct.publications.learn(await answered(call))
            except (grpc.RpcError, asyncio.CancelledError):
                requests.tell()
                raise
            return call

        return await self.converse(client_call_details, attempt, can_repeat=can_repeat)


class Answer:
    """A call whose failure is a GazetteError; all else is the call's own."""

    def __init__(self, call: Any, publications: Publications, requests: Drawn) -> None:
        self.call = call
        self.ending = Ending(call)
        self.publications = publications
        self.requests = requests

    def __await__(self) -> Generator[Any, None, Any]:
        try:
            answer = yield from self.call.__await__()
        except asyncio.CancelledError:
            self.requests.tell()
            raise
        except grpc.RpcError as error:
            self.requests.tell()
            failed = typed(self.ending.of(error))
            self.publications.learn_of_failure(failed)
            raise failed from None
        self.publications.learn(answer)
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.call, name)


async def answers(first: Any, rest: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """All answers of a stream. Raises GazetteError when it fails on the way."""
    if first is END:
        return
    yield first
    try:
        async for answer in rest:
            yield answer
    except grpc.RpcError as error:
        raise typed(error) from None


def described(details: grpc.aio.ClientCallDetails, step: Attempt) -> grpc.aio.ClientCallDetails:
    metadata = grpc.aio.Metadata(*step.metadata)
    return grpc.aio.ClientCallDetails(details.method, step.timeout, metadata, details.credentials, details.wait_for_ready)


def path(details: grpc.aio.ClientCallDetails) -> str:
    """The method's path, which grpc.aio hands over as bytes, whatever its types say."""
    named: str | bytes = details.method
    return named.decode() if isinstance(named, bytes) else named
