"""Where the contract's RPCs are to be found over HTTP: their verbs and paths, and what paths, queries and bodies carry. For
Envoy (`routes`, `bodies`), OpenAPI and the page of permissions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor

from tools.contract import Contract

VERBS = ("get", "put", "post", "delete", "patch")
HTTP_BODY = "google.api.HttpBody"
WORDS = {"google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.FieldMask"}
"""Messages that are strings in JSON."""
OBJECT = "google.protobuf.Struct"
SIMPLE = {OBJECT, *WORDS}
VARIABLE = re.compile(r"\{([\w.]+)(?:=([^}]*))?\}")


def bindings(rule: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each (verb, path template, rule) that a google.api.http option declares."""
    for one in (rule, *rule.get("additional_bindings", ())):
        for verb in VERBS:
            if verb in one:
                yield verb, one[verb], one


def field_at(message: Descriptor, path: str) -> FieldDescriptor:
    """The field that a dotted path names."""
    first, _, rest = path.partition(".")
    found = message.fields_by_name[first]
    return field_at(message_of(found), rest) if rest else found


def message_of(part: FieldDescriptor) -> Descriptor:
    assert part.message_type is not None, f"{part.full_name} is no message"
    return part.message_type


@dataclass(frozen=True)
class Route:
    """One RPC at one of its bindings."""

    method: MethodDescriptor
    verb: str
    template: str
    """As the contract has it."""
    body: str
    """The request's field that the body is; `*` is all that the path does not carry, and nothing is no body."""
    elsewhere: frozenset[str]
    """Fields that the paths of the RPC's other bindings carry."""

    @property
    def variables(self) -> dict[str, str]:
        """The fields in the path, dotted, each with the pattern that it has of its own, or with nothing."""
        return dict(VARIABLE.findall(self.template))

    def query(self) -> Iterator[tuple[FieldDescriptor, ...]]:
        """What neither the path nor the body carries, nor what those exclude: each field behind those that it is in. A list of
        messages has no place in a query."""
        if self.body != "*":
            chosen = [field_at(self.method.input_type, name).containing_oneof for name in self.variables]
            rivals = {part.name for oneof in chosen if oneof is not None for part in oneof.fields}
            yield from plain_fields(self.method.input_type, {*self.variables, *rivals, self.body})


def plain_fields(
    message: Descriptor, carried: set[str], outer: tuple[FieldDescriptor, ...] = ()
) -> Iterator[tuple[FieldDescriptor, ...]]:
    """Those that are one value in JSON, or a list of them, however deep, unless a message holds itself."""
    for part in message.fields:
        path, inner = (*outer, part), part.message_type
        if ".".join(each.name for each in path) in carried or inner in {each.containing_type for each in path}:
            continue
        if inner is None or inner.full_name in SIMPLE:
            yield path
        elif not part.is_repeated:
            yield from plain_fields(inner, carried, path)


def routes(contract: Contract) -> list[Route]:
    """All of them, in the contract's order."""
    found = []
    for service in contract.services():
        for method in service.methods:
            declared = list(bindings(contract.options(method).get("[google.api.http]", {})))
            carried = {template: {name for name, _ in VARIABLE.findall(template)} for _, template, _ in declared}
            for verb, template, rule in declared:
                elsewhere = set().union(*(names for other, names in carried.items() if other != template))
                found.append(Route(method, verb, template, rule.get("body", ""), frozenset(elsewhere - carried[template])))
    return found
