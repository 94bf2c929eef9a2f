"""The methods of the synchronous client: the generated stub's, with a docstring each, which look at what they are given."""

from __future__ import annotations

from typing import Any, TypeVar

from gazette_client.channels import Connection
from gazette_client.errors import GazetteError
from gazette_client.services.signatures import ABSENT, OPTIONS, Signature, signatures
from gazette_client.unreachable import outward

Stub = TypeVar("Stub")


def equipped(stub: Stub, servicer: type, connection: Connection) -> Stub:
    """The stub, with our methods in the place of its own."""
    for name, signature in signatures(servicer).items():
        kind = StreamingRpc if signature.streams_requests else Rpc
        setattr(stub, name, kind(getattr(stub, name), signature, connection))
    return stub


class Described:
    """A method of a service."""

    def __init__(self, call: Any, signature: Signature, connection: Connection) -> None:
        self.call = call
        self.signature = signature
        self.connection = connection
        self.takes = signature.takes
        self.__name__ = signature.name
        self.__doc__ = signature.doc  # an instance's own, for help()

    def __repr__(self) -> str:
        return str(self.signature)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.call, name)


class Rpc(Described):
    """A method that takes one request. What fails is raised from here: what lies behind says nothing of the call."""

    def __call__(self, request: Any = ABSENT, *rest: Any, **options: Any) -> Any:
        return self.ask(self.call, request, *rest, **options)

    def with_call(self, request: Any = ABSENT, *rest: Any, **options: Any) -> Any:
        return self.ask(self.call.with_call, request, *rest, **options)

    def future(self, request: Any = ABSENT, *rest: Any, **options: Any) -> Any:
        return self.ask(self.call.future, request, *rest, **options)

    def ask(self, call: Any, request: Any, *rest: Any, **options: Any) -> Any:
        if type(request) is not self.takes or not options.keys() <= OPTIONS:
            self.signature.refuse(request, options)
        self.connection.check()
        try:
            answer = call(request, *rest, **options)
        except GazetteError as error:
            raise outward(error, self.connection.target) from error.__cause__
        return Told(answer, self.connection) if self.signature.streams_answers else answer


class StreamingRpc(Described):
    """A method that takes a stream of requests."""

    def __call__(self, request_iterator: Any = ABSENT, *rest: Any, **options: Any) -> Any:
        return self.ask(self.call, request_iterator, *rest, **options)

    def with_call(self, request_iterator: Any = ABSENT, *rest: Any, **options: Any) -> Any:
        return self.ask(self.call.with_call, request_iterator, *rest, **options)

    def future(self, request_iterator: Any = ABSENT, *rest: Any, **options: Any) -> Any:
        return self.ask(self.call.future, request_iterator, *rest, **options)

    def ask(self, call: Any, requests: Any, *rest: Any, **options: Any) -> Any:
        self.signature.refuse_stream(requests, options)
        self.connection.check()
        try:
            return call(requests, *rest, **options)
        except GazetteError as error:
            raise outward(error, self.connection.target) from error.__cause__


class Told:
    """A stream of answers whose failure is raised from here. All else is the call's own."""

    def __init__(self, answers: Any, connection: Connection) -> None:
        self.answers = answers
        self.connection = connection

    def __iter__(self) -> Told:
        return self

    def __next__(self) -> Any:
        try:
            return next(self.answers)
        except GazetteError as error:
            raise outward(error, self.connection.target) from error.__cause__

    def __getattr__(self, name: str) -> Any:
        return getattr(self.answers, name)
