"""Where the contract's RPCs are to be found over HTTP: their verbs, paths and what the paths carry."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor

from tools.contract import Contract

VERBS = ("get", "put", "post", "delete", "patch")
HTTP_BODY = "google.api.HttpBody"
VARIABLE = re.compile(r"\{([\w.]+)(?:=([^}]*))?\}")
SECOND_NAMES = {
    "/v1/pages:home": "getHomePage",
    "/v1/files/{file_id}/references": "listFileReferences",
}
"""What an RPC is called where it is found a second time."""


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

    @property
    def operation_id(self) -> str:
        name = self.method.name
        return SECOND_NAMES.get(self.template, name[0].lower() + name[1:])

    @property
    def left_out(self) -> set[str]:
        """Fields that are no query parameters: the path or the body carries them, or another binding stands for them."""
        chosen = [field_at(self.method.input_type, name).containing_oneof for name in self.variables]
        rivals = {part.name for oneof in chosen if oneof is not None for part in oneof.fields}
        return {*self.variables, *self.elsewhere, *rivals, self.body}


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
    names = [route.operation_id for route in found]
    assert len(names) == len(set(names)), f"one name for two: {sorted({name for name in names if names.count(name) > 1})}"
    return found


@dataclass(frozen=True)
class Paths:
    """Names of the parameters in paths: `document_id` for `document.id`, and wherever a path is the same up to there."""

    names: dict[str, str]

    @classmethod
    def of(cls, found: Iterable[Route]) -> "Paths":
        """OpenAPI takes two paths that differ in a parameter's name alone for one. Of several names the longest says most."""
        names: dict[str, str] = {}
        for route in found:
            for place, variable in places(route.template):
                name = variable.replace(".", "_")
                names[place] = max(names.get(place, ""), name, key=len)
        return cls(names)

    def path(self, template: str) -> str:
        for place, _ in places(template):
            template = VARIABLE.sub(f"<{self.names[place]}>", template, count=1)
        return template.replace("<", "{").replace(">", "}")

    def parameters(self, template: str) -> dict[str, str]:
        """The parameter's name for each of the contract's fields in the path."""
        return {variable: self.names[place] for place, variable in places(template)}


def places(template: str) -> Iterator[tuple[str, str]]:
    """For each variable: the template up to it, whatever its variables are called; and its name."""
    for found in VARIABLE.finditer(template):
        yield VARIABLE.sub("{}", template[: found.end()]), found[1]
