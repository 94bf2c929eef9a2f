"""`deploy/envoy/bodies.txt`: what JSON the contract's HTTP form takes, for the scan in `deploy/envoy/json.lua`.

A line for each body: method, path, the field of the request that it is (`*`: all of it) and its kind. Then `message`, its name
and its fields, each with its kind: a letter for scalars, a message's name, `*` for an object of any members; in brackets for a
list, in braces for a map.
"""

from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from tools.contract import Contract
from tools.openapi import HTTP_BODY, bindings, field_at

WORDS = {"google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.FieldMask"}
"""Messages that are strings in JSON."""
OBJECT = "google.protobuf.Struct"
STRINGS = {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES}
LETTERS = {FieldDescriptor.TYPE_BOOL: "b", FieldDescriptor.TYPE_ENUM: "e"} | dict.fromkeys(STRINGS, "s")


def bodies(compiled: bytes) -> bytes:
    """The whole file."""
    lines, waiting = [], []
    for verb, path, field, kind, is_stream in sorted(declared(Contract.parse(compiled))):
        lines.append(f"{verb.upper()} {path} {field} {f'[{kind.full_name}]' if is_stream else kind.full_name}")
        waiting.append(kind)
    return "".join(f"{line}\n" for line in [*lines, *messages(waiting)]).encode()


def declared(contract: Contract) -> Iterator[tuple[str, str, str, Descriptor, bool]]:
    """Method, path, field, kind and whether it is an array, of each body that is JSON."""
    for service in contract.services():
        for method in service.methods:
            rule: dict[str, Any] = contract.options(method).get("[google.api.http]", {})
            for verb, path, one in bindings(rule):
                field = one.get("body", "")
                kind = method.input_type if field == "*" else field and field_at(method.input_type, field).message_type
                if kind and kind.full_name != HTTP_BODY:
                    yield verb, path, field, kind, method.client_streaming


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
    return LETTERS.get(field.type, "n")


def named(message: Descriptor) -> str:
    return "s" if message.full_name in WORDS else "*" if message.full_name == OBJECT else message.full_name


def is_map(message: Descriptor) -> bool:
    return bool(message.GetOptions().map_entry)
