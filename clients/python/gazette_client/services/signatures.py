"""What a method takes and answers, and how a call that gives it something else is refused before anything is sent."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, NoReturn

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

OPTIONS = frozenset({"timeout", "metadata", "credentials", "wait_for_ready", "compression"})
"""What every call takes besides its request."""
ABSENT = object()
"""Stands for a request that was not given."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One method, as it is called from Python."""

    name: str
    doc: str
    takes: type[Message]
    gives: str
    streams_requests: bool
    streams_answers: bool

    def __str__(self) -> str:
        takes, gives = self.takes.__name__, self.gives
        asked = f"Iterable[{takes}]" if self.streams_requests else takes
        return f"{self.name}({asked}) -> {f'Iterator[{gives}]' if self.streams_answers else gives}"

    def refuse(self, request: Any, options: Mapping[str, Any]) -> NoReturn:
        """Says what is wrong with a call that gives something else than one request, or options that there are not."""
        kind = self.takes.__name__
        unknown = {name: value for name, value in options.items() if name not in OPTIONS}
        if isinstance(request, Mapping):
            wrong = fault(self.takes, request) or f"write {kind}({ellipses(request)})"
            raise TypeError(f"{self.name} takes {a(kind)}, not {a(type(request).__name__)}: {wrong}")
        if request is ABSENT and unknown.keys() & self.takes.DESCRIPTOR.fields_by_name.keys():
            wrong = fault(self.takes, unknown) or f"write {self.name}({kind}({ellipses(unknown)}))"
            raise TypeError(f"{self.name} takes {a(kind)}, not its fields: {wrong}")
        if request is ABSENT:
            raise TypeError(f"{self.name} takes {a(kind)}, and was given none")
        if type(request) is not self.takes:
            raise TypeError(f"{self.name} takes {a(kind)}, not {a(type(request).__name__)}")
        raise TypeError(f"{self.name} has no option {', '.join(unknown)}; there are: {', '.join(sorted(OPTIONS))}")

    def refuse_stream(self, requests: Any, options: Mapping[str, Any]) -> None:
        """Refuses what is no stream of requests. A list's elements are looked at here, an iterator's when they are due."""
        kind = self.takes.__name__
        if not options.keys() <= OPTIONS:
            self.refuse(self.takes(), options)
        if isinstance(requests, Message | Mapping | str | bytes) or not isinstance(requests, Iterable | AsyncIterable):
            given = "and was given none" if requests is ABSENT else f"not {a(type(requests).__name__)}"
            raise TypeError(f"{self.name} takes a list or another iterable of {kind}, {given}")
        if isinstance(requests, list | tuple):
            for position, request in enumerate(requests):
                self.check_element(position, request)

    def check_element(self, position: int, request: Any) -> None:
        """Raises TypeError."""
        if type(request) is not self.takes:
            wrong = f": {found}" if isinstance(request, Mapping) and (found := fault(self.takes, request)) else ""
            kind = self.takes.__name__
            raise TypeError(f"{self.name}: request {position} is to be {a(kind)}, not {a(type(request).__name__)}{wrong}")


@cache
def signatures(servicer: type) -> Mapping[str, Signature]:
    """Those of a service, by name. `servicer` is its generated class, which has the contract's comments."""
    package = servicer.__module__.rpartition(".")[0]
    service = descriptor_pool.Default().FindServiceByName(f"{package}.{servicer.__name__.removesuffix('Servicer')}")
    return {rpc.name: signature(rpc, getattr(servicer, rpc.name).__doc__ or "") for rpc in service.methods}


@cache
def signature_of(path: str) -> Signature | None:
    """Of the method that is called by this path; None for what is not in the contract."""
    service, _, name = path.lstrip("/").partition("/")
    try:
        return signature(descriptor_pool.Default().FindServiceByName(service).methods_by_name[name], "")
    except KeyError:
        return None


def signature(rpc: MethodDescriptor, doc: str) -> Signature:
    takes = GetMessageClass(rpc.input_type)
    return Signature(rpc.name, doc, takes, rpc.output_type.name, rpc.client_streaming, rpc.server_streaming)


def fault(kind: type[Message], given: Mapping[str, Any], within: str = "") -> str | None:
    """The first field that a message cannot be made with, and why; protobuf's own errors do not always name it."""
    fields = kind.DESCRIPTOR.fields_by_name
    for name, value in given.items():
        field = fields.get(name)
        if field is None:
            meant = get_close_matches(str(name), fields, 1)
            return f"{kind.__name__} has no field {within}{name}" + (f"; did you mean {within}{meant[0]}?" if meant else "")
        try:
            kind(**{name: value})
        except (TypeError, ValueError) as error:
            if field.message_type is not None and not field.is_repeated and isinstance(value, Mapping):
                nested: Any = field.message_type
                return fault(GetMessageClass(nested), value, f"{within}{name}.")
            why = f"cannot be {a(type(value).__name__)}" if isinstance(error, TypeError) else str(error)
            return f"{within}{name}: {why}"
    return None


def ellipses(given: Iterable[str]) -> str:
    """How a message with these fields is made, without their values, which may be secrets."""
    return ", ".join(f"{name}=…" for name in given)


def a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "AEIOUaeiou" else f"a {noun}"
