"""Has conversations for the synchronous client: a gRPC interceptor in front of every call."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import grpc

from gazette.auth.v1.auth_service_pb2 import LoginRequest
from gazette.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from gazette_client.conversation import Attempt, Authorise, Conduct, Metadata, Wait, too_late
from gazette_client.errors import GazetteError, typed
from gazette_client.methods import method
from gazette_client.services.drawn import Drawn
from gazette_client.session import Session

END = object()


def run(conversation: Any, perform: Callable[[Any], Any]) -> Any:
    """Does what the generator says, step by step, until it returns."""
    with closing(conversation):
        try:
            step = next(conversation)
            while True:
                failed: GazetteError | None = None
                try:
                    answer = perform(step)
                except grpc.RpcError as error:
                    failed = typed(error)
                step = conversation.throw(failed) if failed else conversation.send(answer)
        except StopIteration as end:
            return end.value


class SignIn:
    """Renews the session for all threads that need it at once, in a thread of its own."""

    def __init__(self, session: Session, auth: Callable[[], AuthServiceStub]) -> None:
        self.session = session
        self.auth = auth
        self.lock = threading.Lock()
        self.thread = ThreadPoolExecutor(1, "gazette-sign-in")
        self.pending: Future[str] | None = None

    def token(self, step: Authorise) -> str:
        with self.lock:
            known = self.session.token(step.refused)
            if known:
                return known
            if self.pending is None or self.pending.done():
                self.pending = self.thread.submit(run, self.session.renewal(), self.ask)
            pending = self.pending
        try:
            return pending.result(step.timeout)
        except TimeoutError:
            raise too_late() from None

    def ask(self, request: Any) -> Any:
        auth = self.auth()
        return auth.Login(request) if isinstance(request, LoginRequest) else auth.RefreshToken(request)

    def close(self) -> None:
        self.thread.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class Details(grpc.ClientCallDetails):
    """One attempt, as gRPC wants it described."""

    method: str
    timeout: float | None
    metadata: Metadata | None
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: grpc.Compression | None


class Calls(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor, grpc.StreamUnaryClientInterceptor):
    """The interceptor. The contract has no method in which both sides stream."""

    def __init__(self, conduct: Conduct, sign_in: SignIn) -> None:
        self.conduct = conduct
        self.sign_in = sign_in

    def intercept_unary_unary(self, continuation: Any, client_call_details: grpc.ClientCallDetails, request: Any) -> Any:
        def attempt(details: Details) -> Any:
            call = continuation(details, request)
            self.conduct.learn(client_call_details.metadata, request, call.result())
            return call

        return self.converse(client_call_details, attempt)

    def intercept_stream_unary(
        self, continuation: Any, client_call_details: grpc.ClientCallDetails, request_iterator: Any
    ) -> Any:
        """What is no iterator itself, a list or an Outgoing, can be iterated again, and so be sent again."""

        def attempt(details: Details) -> Any:
            requests = Drawn(request_iterator, details.method)
            try:
                call = continuation(details, iter(requests))
                self.conduct.publications.learn(call.result())
            except grpc.RpcError:
                requests.tell()
                raise
            return call

        return self.converse(client_call_details, attempt, can_repeat=not isinstance(request_iterator, Iterator))

    def intercept_unary_stream(self, continuation: Any, client_call_details: grpc.ClientCallDetails, request: Any) -> Any:
        """Waits for the first answer: until then, a stream can begin again."""

        def attempt(details: Details) -> Any:
            call = continuation(details, request)
            return Answers(call, next(call, END))

        return self.converse(client_call_details, attempt)

    def converse(self, details: grpc.ClientCallDetails, attempt: Callable[[Details], Any], *, can_repeat: bool = True) -> Any:
        def perform(step: Attempt | Authorise | Wait) -> Any:
            match step:
                case Attempt():
                    rest = (details.credentials, details.wait_for_ready, details.compression)
                    return attempt(Details(details.method, step.timeout, step.metadata, *rest))
                case Authorise():
                    return self.sign_in.token(step)
                case Wait():
                    return time.sleep(step.seconds)

        called = method(details.method)
        return run(self.conduct.converse(called, details.timeout, details.metadata, can_repeat=can_repeat), perform)


class Answers:
    """The answers of a server's stream, whose failure is a GazetteError; all else is the call's own."""

    def __init__(self, call: Any, first: Any) -> None:
        self.call = call
        self.next = first

    def __iter__(self) -> Answers:
        return self

    def __next__(self) -> Any:
        answer, self.next = self.next, None
        if answer is None:
            try:
                return next(self.call)
            except grpc.RpcError as error:
                raise typed(error) from None
        if answer is END:
            raise StopIteration
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.call, name)
