"""`deploy/envoy/bodies.txt`: what JSON the contract's HTTP form takes, for the scan in `deploy/envoy/json.lua`.

A line for each enum: `enum`, its name and its values. Then one for each message that a body is or holds: `message`, its name
and its fields, each with its kind: a letter for scalars, an enum's name in angle brackets, a message's name, `*` for an object
of any members; in brackets for a list, in braces for a map. Which body is what stands in `routes.txt`.
"""

from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, MethodDescriptor

from tools.contract import Contract
from tools.openapi import HTTP_BODY, bindings, field_at

WORDS = {"google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.FieldMask"}
"""Messages that are strings in JSON."""
OBJECT = "google.protobuf.Struct"
STRINGS = {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES}
LETTERS = {FieldDescriptor.TYPE_BOOL: "b"} | dict.fromkeys(STRINGS, "s")


def bodies(compiled: bytes) -> bytes:
    """The whole file."""
    contract = Contract.parse(compiled)
    lines = [*enums(contract), *messages(list(declared(contract)))]
    return "".join(f"{line}\n" for line in lines).encode()


def enums(contract: Contract) -> Iterator[str]:
    """Those of all requests, in bodies or in queries."""
    known: dict[str, EnumDescriptor] = {}
    waiting = [method.input_type for service in contract.services() for method in service.methods]
    seen: set[str] = set()
    while waiting:
        message = waiting.pop()
        if message.full_name not in seen:
            seen.add(message.full_name)
            known |= {field.enum_type.full_name: field.enum_type for field in message.fields if field.enum_type is not None}
            waiting += [field.message_type for field in message.fields if field.message_type is not None]
    for name, enum in sorted(known.items()):
        if name.startswith("gazette."):
            yield " ".join(["enum", name, *(value.name for value in enum.values)])


def declared(contract: Contract) -> Iterator[Descriptor]:
    """The message of each body that is JSON."""
    for service in contract.services():
        for method in service.methods:
            rule: dict[str, Any] = contract.options(method).get("[google.api.http]", {})
            for _, _, one in bindings(rule):
                kind = message_of(method, one.get("body", ""))
                if kind and kind.full_name != HTTP_BODY:
                    yield kind


def message_of(method: MethodDescriptor, body: str) -> Descriptor | None:
    """The message that a body is which a binding names so."""
    if not body:
        return None
    return method.input_type if body == "*" else field_at(method.input_type, body).message_type


def body_of(method: MethodDescriptor, body: str) -> str:
    """The kind of that body. Who streams sends a list of messages, or bytes."""
    kind = message_of(method, body)
    assert kind is not None, f"{method.full_name}: a body that is no message"
    return f"[{kind.full_name}]" if method.client_streaming and kind.full_name != HTTP_BODY else kind.full_name


def messages(waiting: list[Descriptor]) -> Iterator[str]:
    """These messages and all that they hold, each once."""
    known: dict[str, Descriptor] = {}
    while waiting:
        message = waiting.pop()
        if message.full_name in known or message.full_name in {OBJECT, *WORDS}:
            continue
        known[message.full_name] = message
        inner = [field.message_type for field in message.fields if field.message_type is not None]
        waiting += [each.fields_by_name["value"].message_type or message if is_map(each) else each for each in inner]
    for name, message in sorted(known.items()):
        yield " ".join(["message", name, *(f"{field.name}:{kind_of(field)}" for field in message.fields)])


def kind_of(field: FieldDescriptor) -> str:
    if field.message_type is not None and is_map(field.message_type):
        return f"{{{kind_of(field.message_type.fields_by_name['value'])}}}"
    one = scalar(field) if field.message_type is None else named(field.message_type)
    return f"[{one}]" if field.is_repeated else one


def scalar(field: FieldDescriptor) -> str:
    if field.enum_type is not None:
        return f"<{field.enum_type.full_name}>"
    return LETTERS.get(field.type, "n")


def named(message: Descriptor) -> str:
    return "s" if message.full_name in WORDS else "*" if message.full_name == OBJECT else message.full_name


def is_map(message: Descriptor) -> bool:
    return bool(message.GetOptions().map_entry)
