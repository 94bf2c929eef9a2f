"""The contract's rules (protovalidate), and what no string or number may be: checked before a handler sees a request."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterator
from typing import Any

import protovalidate
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from server.rpc.call import Call, Handler
from server.rpc.failures import InvalidArgument, Violation
from server.rpc.methods import Method

MAX_NESTING = 16
SELF_VALIDATED = frozenset({"/gazette.content.v1.ContentService/ImportDocuments"})
"""Client streams whose messages are judged one by one: a bad one is refused, the rest of the stream is not."""

validator = protovalidate.Validator()


def validating(method: Method, handler: Handler) -> Handler:
    """The interceptor."""
    if method.path in SELF_VALIDATED:
        return handler
    warm(method.request_type)
    if not method.client_streaming:

        async def check(request: Message, call: Call) -> Any:
            validate(request)
            return await handler(request, call)

        return check

    async def checked(requests: AsyncIterator[Message]) -> AsyncIterator[Message]:
        async for request in requests:
            validate(request)
            yield request

    async def check_stream(requests: AsyncIterator[Message], call: Call) -> Any:
        return await handler(checked(requests), call)

    return check_stream


def warm(kind: type[Message]) -> None:
    """Compiles the rules of a message; the first validation would take 18 ms otherwise."""
    try:
        validator.validate(kind())
    except protovalidate.ValidationError:
        return


def validate(message: Message) -> None:
    """Raises InvalidArgument that names every field that breaks a rule of the contract, or holds what cannot be stored."""
    violations = [*unstorable(message, "")]
    if not violations:
        violations = [Violation(field_path(each), each.proto.message) for each in validator.collect_violations(message)]
    if violations:
        raise InvalidArgument(*violations)


def field_path(violation: Any) -> str:
    """`document.tags[2]`, from a protovalidate violation; empty for a rule of the whole message, which has no field."""
    path = ""
    for element in violation.proto.field.elements if violation.proto.field is not None else ():
        path += f".{element.field_name}" if path else element.field_name
        if element.subscript is not None:
            path += f"[{element.subscript.value}]"
    return path


def unstorable(message: Message, path: str) -> Iterator[Violation]:
    """Strings that PostgreSQL refuses (U+0000), and Structs that JSON cannot say (non-finite numbers) or that nest too deep.

    Lone surrogates cannot arrive: protobuf refuses strings that are not UTF-8.
    """
    for field, value in message.ListFields():
        name = f"{path}.{field.name}" if path else field.name
        if field.type == FieldDescriptor.TYPE_STRING:
            for text in value if field.is_repeated else (value,):
                if "\0" in text:
                    yield Violation(name, "contains U+0000")
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            yield from unstorable_message(field, value, name)


def unstorable_message(field: FieldDescriptor, value: Any, name: str) -> Iterator[Violation]:
    kind = field.message_type
    assert kind is not None
    if kind.GetOptions().map_entry:
        keys = kind.fields_by_name["key"].type == FieldDescriptor.TYPE_STRING
        for key in value:
            if keys and "\0" in key:
                yield Violation(name, "has a key that contains U+0000")
            if kind.fields_by_name["value"].message_type is not None:
                yield from unstorable(value[key], f"{name}[{key}]")
    elif kind is Struct.DESCRIPTOR:
        yield from unstorable_struct(value, name, 1)
    elif kind in {Timestamp.DESCRIPTOR, Duration.DESCRIPTOR}:
        for each in value if field.is_repeated else (value,):
            if not is_time(each):
                yield Violation(name, "is out of range")
    else:
        for each in value if field.is_repeated else (value,):
            yield from unstorable(each, name)


def is_time(value: Any) -> bool:
    """Whether a Timestamp or a Duration holds what its own contract allows: their methods raise for all else."""
    try:
        value.ToJsonString()
    except ValueError:
        return False
    return True


def unstorable_struct(struct: Struct, path: str, depth: int) -> Iterator[Violation]:
    for key, value in struct.fields.items():
        if "\0" in key:
            yield Violation(path, "has a key that contains U+0000")
        yield from unstorable_value(value, f"{path}.{key}", depth)


def unstorable_value(value: Value, path: str, depth: int) -> Iterator[Violation]:
    kind = value.WhichOneof("kind")
    if kind == "string_value" and "\0" in value.string_value:
        yield Violation(path, "contains U+0000")
    elif kind == "number_value" and not math.isfinite(value.number_value):
        yield Violation(path, "is not a finite number")
    elif kind in {"struct_value", "list_value"}:
        if depth >= MAX_NESTING:
            yield Violation(path, f"is nested more than {MAX_NESTING} deep")
        elif kind == "struct_value":
            yield from unstorable_struct(value.struct_value, path, depth + 1)
        else:
            for index, each in enumerate(value.list_value.values):
                yield from unstorable_value(each, f"{path}[{index}]", depth + 1)
