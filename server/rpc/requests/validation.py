"""The contract's rules (protovalidate), and what no string or number may be: checked before a handler sees a request.

How much there is comes first (`sizes`), and no more violations are made than are told: a message of 4 MiB can break a rule two
million times.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import protovalidate
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from server.rpc.failures import MAX_DESCRIPTION, MAX_FIELD, InvalidArgument, Violation, cut
from server.rpc.numbers import INEXACT, LARGEST_EXACT, is_exact
from server.rpc.objects import Budget, TooManyValues
from server.rpc.requests.sizes import holds_messages, is_map, oversized
from server.rpc.requests.wording import told

MAX_NESTING = 16
MAX_VALUES = 25_000
"""Values in the Structs of one message, objects and arrays among them."""
MAX_VIOLATIONS = 20
TIMES = {Timestamp.DESCRIPTOR, Duration.DESCRIPTOR}

validator = protovalidate.Validator()


def warm(kind: type[Message]) -> None:
    """Compiles the rules of a message; the first validation would take 18 ms otherwise."""
    try:
        validator.validate(kind())
    except protovalidate.ValidationError:
        return


def validate(message: Message) -> None:
    """Raises InvalidArgument that names the fields that break a rule of the contract, or hold what cannot be stored: the first
    twenty."""
    if violations := found_in(message):
        raise InvalidArgument(*violations)


def found_in(message: Message) -> list[Violation]:
    """What is wrong with the message, as far as it is told."""
    return short(oversized(message) or all_found_in(message))


def short(violations: Sequence[Violation]) -> list[Violation]:
    """As much of them as is told."""
    return [Violation(cut(field, MAX_FIELD), cut(why, MAX_DESCRIPTION)) for field, why in violations[:MAX_VIOLATIONS]]


def all_found_in(message: Message) -> list[Violation]:
    if violations := [*islice(unstorable(message, "", Budget(MAX_VALUES)), MAX_VIOLATIONS)]:
        return violations
    if is_kept(message):
        return []
    return [told(message.DESCRIPTOR, each) for each in validator.collect_violations(message)[:MAX_VIOLATIONS]]


def is_kept(message: Message) -> bool:
    """Whether the message keeps the contract's rules. Nothing is collected: that costs a hundred times as much."""
    return not validator.collect_violations(message, fail_fast=True)


def is_good(message: Message, most_values: int) -> bool | None:
    """Whether nothing is wrong with a message that is not oversized; None if it has more values than this, which nobody has
    looked at then."""
    try:
        return next(unstorable(message, "", Budget(most_values), is_strict=True), None) is None and is_kept(message)
    except TooManyValues:
        return None


def unstorable(message: Message, path: str, budget: Budget, *, is_strict: bool = False) -> Iterator[Violation]:
    """Strings that PostgreSQL refuses (U+0000), and Structs that JSON cannot say (non-finite numbers), whose numbers may have
    been others (`server.rpc.numbers`), that nest too deep or hold more than the budget. Where it `is_strict`, the last raises
    TooManyValues.

    Lone surrogates cannot arrive: protobuf refuses strings that are not UTF-8.
    """
    for field, value in message.ListFields():
        name = f"{path}.{field.name}" if path else field.name
        if field.type == FieldDescriptor.TYPE_STRING:
            for text in value if field.is_repeated else (value,):
                if "\0" in text:
                    yield Violation(name, "contains U+0000")
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            yield from unstorable_message(field, value, name, budget, is_strict=is_strict)


def unstorable_message(
    field: FieldDescriptor, value: Any, name: str, budget: Budget, *, is_strict: bool
) -> Iterator[Violation]:
    if is_map(field):
        yield from unstorable_map(field, value, name, budget, is_strict=is_strict)
        return
    for each in value if field.is_repeated else (value,):
        if field.message_type is Struct.DESCRIPTOR:
            try:
                yield from unstorable_struct(each, (name,), 1, budget)
            except TooManyValues:
                if is_strict:
                    raise
                yield Violation(name, f"must have at most {MAX_VALUES} values")
        elif field.message_type not in TIMES:
            yield from unstorable(each, name, budget, is_strict=is_strict)
        elif not is_time(each):
            yield Violation(name, "is out of range")


def unstorable_map(field: FieldDescriptor, value: Any, name: str, budget: Budget, *, is_strict: bool) -> Iterator[Violation]:
    for key in value:
        if type(key) is str and "\0" in key:
            yield Violation(name, "has a key that contains U+0000")
        if holds_messages(field):
            yield from unstorable(value[key], f"{name}[{key}]", budget, is_strict=is_strict)


def is_time(value: Any) -> bool:
    """Whether a Timestamp or a Duration holds what its own contract allows: their methods raise for all else."""
    try:
        value.ToJsonString()
    except ValueError:
        return False
    return True


# A place is put together only where something is wrong with it: keys can be as long as a message.
Place = tuple[str, ...]


def unstorable_struct(struct: Struct, place: Place, depth: int, budget: Budget) -> Iterator[Violation]:
    for key, value in struct.fields.items():
        if "\0" in key:
            yield Violation("".join(place), "has a key that contains U+0000")
        yield from unstorable_value(value, (*place, ".", key), depth, budget)


def unstorable_value(value: Value, place: Place, depth: int, budget: Budget) -> Iterator[Violation]:
    budget.spend()
    kind = value.WhichOneof("kind")
    if kind == "string_value" and "\0" in value.string_value:
        yield Violation("".join(place), "contains U+0000")
    elif kind == "number_value" and not -LARGEST_EXACT < value.number_value < LARGEST_EXACT:
        if not math.isfinite(value.number_value):
            yield Violation("".join(place), "is not a finite number")
        elif not is_exact(value.number_value):
            yield Violation("".join(place), INEXACT)
    elif kind in {"struct_value", "list_value"}:
        if depth >= MAX_NESTING:
            yield Violation("".join(place), f"is nested more than {MAX_NESTING} deep")
        elif kind == "struct_value":
            yield from unstorable_struct(value.struct_value, place, depth + 1, budget)
        else:
            for index, each in enumerate(value.list_value.values):
                yield from unstorable_value(each, (*place, f"[{index}]"), depth + 1, budget)
