"""How a caller writes the names of fields: over gRPC as the contract does, over HTTP in lowerCamelCase, and without the field
that the body is. What is a caller's own name is left as it is: a member of an object, a key of a map, a header."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Protocol

from google.api.annotations_pb2 import http
from google.protobuf.descriptor import Descriptor, MethodDescriptor

from server.rpc.methods import method_descriptor

NAME = re.compile("[a-z][a-z0-9_]*")
SUBSCRIPT = re.compile(r"\[[^\]]*\]")
QUOTED = re.compile("`([a-z][^`\n]*)`")
"""A name that a sentence of ours or of the contract speaks of."""
VARIABLE = re.compile(r"\{([\w.]+)[^}]*\}")
BYTES = "google.api.HttpBody"
VERBS = ("get", "put", "post", "delete", "patch")


class Names(Protocol):
    """A caller's way to write them."""

    def field(self, path: str) -> str:
        """The path of a field: `document.tags[2]`, or of whatever else the request has. Empty for the request as a whole."""

    def text(self, text: str) -> str:
        """A sentence, in which names stand in backticks."""


class Declared:
    """The contract's own."""

    def field(self, path: str) -> str:
        return path

    def text(self, text: str) -> str:
        return text


DECLARED = Declared()


@dataclass(frozen=True)
class OverHttp:
    """Those of one method's HTTP form."""

    method: MethodDescriptor
    body: str
    """The field that the JSON of the body is; empty where that is the request, or there is none."""
    in_path: frozenset[str]
    """Fields that are variables of the path."""

    def field(self, path: str) -> str:
        if path in self.in_path:
            return camel(path.rpartition(".")[2])
        asked = spelled(path, self.method.input_type)
        if asked is None:
            return next((told for told in self.in_answers(path) if told is not None), path)
        return "" if path == self.body else asked.removeprefix(f"{camel(self.body)}.") if self.body else asked

    def in_answers(self, path: str) -> Iterator[str | None]:
        """What a precondition is about is no part of the request, but of the document that the answer would show."""
        answer = self.method.output_type
        yield spelled(path, answer)
        for each in answer.fields:
            yield spelled(path, each.message_type)

    def text(self, text: str) -> str:
        return QUOTED.sub(self.quoted, text) if "`" in text else text

    def quoted(self, found: re.Match[str]) -> str:
        name = found[1]
        if spelled(name, self.method.input_type) is not None:
            return f"`{self.field(name) or camel(name)}`"
        return f"`{'.'.join(map(camel, name.split('.')))}`" if self.known.issuperset(name.split(".")) else found[0]

    @cached_property
    def known(self) -> frozenset[str]:
        """All names of fields, however deep."""
        found: set[str] = set()
        seen: set[str] = set()
        waiting = [self.method.input_type, self.method.output_type]
        while waiting:
            kind = waiting.pop()
            if kind.full_name not in seen:
                seen.add(kind.full_name)
                found.update(kind.fields_by_name)
                waiting += [each.message_type for each in kind.fields if each.message_type is not None]
        return frozenset(found)


@lru_cache(maxsize=512)
def over_http(path: str) -> Names:
    """Those of the method that is called by this path over gRPC."""
    method = method_descriptor(path)
    options: Any = method.GetOptions()
    rule = options.Extensions[http]
    templates = [getattr(each, verb) for each in (rule, *rule.additional_bindings) for verb in VERBS]
    in_path = frozenset(name for template in templates for name in VARIABLE.findall(template))
    body = method.input_type.fields_by_name.get(rule.body)
    is_object = body is not None and body.message_type is not None and body.message_type.full_name != BYTES
    return OverHttp(method, rule.body if is_object else "", in_path)


def spelled(path: str, kind: Descriptor | None) -> str | None:
    """The path of a field of the message in lowerCamelCase, as far as the contract names what is on it; None if it begins with
    none of its fields."""
    told, at = "", 0
    while kind is not None and not kind.full_name.startswith("google.protobuf."):
        name = NAME.match(path, at)
        field = kind.fields_by_name.get(name[0]) if name is not None else None
        if name is None or field is None:
            break
        told, at, kind = told + camel(name[0]), name.end(), field.message_type
        if kind is not None and kind.GetOptions().map_entry:
            kind = kind.fields_by_name["value"].message_type
        if subscript := SUBSCRIPT.match(path, at):
            told, at = told + subscript[0], subscript.end()
        if path[at : at + 1] != ".":
            break
        told, at = told + ".", at + 1
    return told + path[at:] if told else None


def camel(name: str) -> str:
    """As protobuf's JSON mapping writes it."""
    first, *rest = name.split("_")
    return first + "".join(each[:1].upper() + each[1:] for each in rest)
