"""`deploy/envoy/routes.txt`: the contract's HTTP surface, by which `deploy/envoy/routes.lua` finds what a request is for.

A line for each binding: method, path template, RPC, and the body: `field:kind` (`*`: the whole request), or `-`. Then the
query's parameters as `name:kind`, dotted where they are in a message, with the contract's names: JSON's are those in
lowerCamelCase. Kinds are those of `bodies.txt`.
"""

from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor, MethodDescriptor

from tools.bodies import OBJECT, WORDS, body_of, kind_of
from tools.contract import Contract
from tools.openapi import VARIABLE, bindings


def routes(compiled: bytes) -> bytes:
    """The whole file."""
    contract = Contract.parse(compiled)
    lines = sorted(
        route(verb, template, method, rule.get("body", ""))
        for service in contract.services()
        for method in service.methods
        for verb, template, rule in bindings(contract.options(method).get("[google.api.http]", {}))
    )
    return "".join(f"{line}\n" for line in lines).encode()


def route(verb: str, template: str, method: MethodDescriptor, body: str) -> str:
    bound = dict(VARIABLE.findall(template))
    check_template(template, bound)
    content = f"{body}:{body_of(method, body)}" if body else "-"
    asked = () if body == "*" else parameters(method.input_type, {*bound, body})
    rpc = f"{method.containing_service.full_name}/{method.name}"
    return " ".join([verb.upper(), template, rpc, content, *asked])


def check_template(template: str, bound: dict[str, str]) -> None:
    """Whether routes.lua reads it: it takes a variable for one segment, or for all that are left."""
    assert set(bound.values()) <= {"", "**"}, f"{template}: a pattern that routes.lua does not know"
    assert "**" not in template or template.endswith("=**}"), f"{template}: something follows a variable of many segments"


def parameters(message: Descriptor, carried: set[str], prefix: str = "", outer: tuple[Descriptor, ...] = ()) -> Iterator[str]:
    """The fields that neither path nor body carries, nor what those exclude. A list of messages has no place in a query."""
    decided = {field.containing_oneof for field in message.fields if f"{prefix}{field.name}" in carried}
    for field in message.fields:
        name = f"{prefix}{field.name}"
        inner = field.message_type
        is_decided = field.containing_oneof is not None and field.containing_oneof in decided
        if name in carried or is_decided or inner in outer:
            continue
        if inner is None or inner.full_name in {OBJECT, *WORDS}:
            yield f"{name}:{kind_of(field)}"
        elif not field.is_repeated:
            yield from parameters(inner, carried, f"{name}.", (*outer, message))
