"""How much a message holds. Counts and lengths come before all other rules, since they cost nothing, however much there is; the
other rules look at each element, and cost as much as there are elements.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from google.protobuf.unknown_fields import UnknownFieldSet

from server.rpc.failures import Violation

MAX_ELEMENTS = 2_000
"""Elements of lists and entries of maps in one message, those of Structs aside, whatever the rules of its fields add up to."""
MAX_MASK = 100
"""Paths of an update mask. They are not counted among the elements: what may be made may be changed as a whole."""
SMALL = 16 << 10
"""Bytes of a message that is parsed within a millisecond, whatever it holds."""
FEW_FIELDS = 500
"""How many fields a larger message may have to be parsed within another one."""
DEEPEST = 20

# Where the contract's rules are: an extension of google.protobuf.FieldOptions that our generated code leaves unparsed
# (buf/validate/validate.proto).
RULES, STRING, REPEATED, MAP = 1159, 14, 18, 19
MAX_LEN, UUID, MAX_COUNT, ITEMS, KEYS = 3, 22, 2, 4, 4
UUID_LENGTH = 36


class Size(NamedTuple):
    """How much of something a field of a message may hold. None where the contract does not say."""

    max_count: int | None
    """Elements or entries."""
    max_length: int | None
    """Characters of the string, of each element, or of each key."""


def oversized(message: Message) -> list[Violation]:
    """What exceeds a bound, by field. No element is looked at where there are too many of them."""
    census = Census()
    census.take(message, "")
    return census.violations


class Census:
    """What was counted in one message."""

    def __init__(self) -> None:
        self.elements = 0
        self.violations: list[Violation] = []

    def take(self, message: Message, path: str) -> None:
        if type(message) is Struct:  # it is counted where it is looked through
            return
        if type(message) is FieldMask:
            if len(message.paths) > MAX_MASK:
                self.violations.append(
                    Violation(f"{path}.paths", f"must have at most {MAX_MASK}, and has {len(message.paths)}")
                )
            return
        for field, value in message.ListFields():
            name = f"{path}.{field.name}" if path else field.name
            if field.is_repeated:
                self.take_all(field, value, name)
            elif field.type == FieldDescriptor.TYPE_STRING:
                self.check_length(field, (value,), name)
            elif field.type == FieldDescriptor.TYPE_MESSAGE:
                self.take(value, name)

    def take_all(self, field: FieldDescriptor, value: Any, name: str) -> None:
        most, count = size(field).max_count, len(value)
        self.elements += count
        if most is not None and count > most:
            self.violations.append(Violation(name, f"must have at most {most}, and has {count}"))
            return
        if self.elements > MAX_ELEMENTS:
            if self.elements - count <= MAX_ELEMENTS:
                told = f"has {count}, with which the request has more than {MAX_ELEMENTS} elements in all"
                self.violations.append(Violation(name, told))
            return
        if is_map(field):
            self.check_length(field, value, name)
            if holds_messages(field):
                for key in value:
                    self.take(value[key], f"{name}[{key}]")
        elif field.type == FieldDescriptor.TYPE_STRING:
            self.check_length(field, value, name)
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            for each in value:
                self.take(each, name)

    def check_length(self, field: FieldDescriptor, texts: Any, name: str) -> None:
        most = size(field).max_length
        if most is not None and any(type(text) is str and len(text) > most for text in texts):
            self.violations.append(Violation(name, f"must be at most {most} characters"))


def is_map(field: FieldDescriptor) -> bool:
    kind = field.message_type
    return kind is not None and bool(kind.GetOptions().map_entry)


def holds_messages(field: FieldDescriptor) -> bool:
    """Whether the values of a map are messages."""
    entry = field.message_type
    return entry is not None and entry.fields_by_name["value"].message_type is not None


@cache
def size(field: FieldDescriptor) -> Size:
    """What the contract's rules say of how much the field may hold."""
    rules = nested(numbered(field.GetOptions()), RULES)
    if not field.is_repeated:
        return Size(None, longest(rules))
    of_all = nested(rules, MAP if is_map(field) else REPEATED)
    return Size(of_all.get(MAX_COUNT), longest(nested(of_all, KEYS if is_map(field) else ITEMS)))


def longest(rules: dict[int, Any]) -> int | None:
    """How many characters a string of these rules may have."""
    of_string = nested(rules, STRING)
    return UUID_LENGTH if of_string.get(UUID) else of_string.get(MAX_LEN)


def nested(fields: dict[int, Any], number: int) -> dict[int, Any]:
    """The message in this field of another one that nobody parsed."""
    return numbered(Empty.FromString(fields.get(number, b"")))


def numbered(message: Message) -> dict[int, Any]:
    """What of a message is not parsed, by field number."""
    unknown: Any = UnknownFieldSet(message)
    return {each.field_number: each.data for each in unknown}


def is_light(raw: bytes, kind: Any) -> bool:
    """Whether these bytes of a message of this kind are parsed within two milliseconds. What takes long is many fields, each of
    which takes two bytes, and not long ones."""
    if len(raw) <= SMALL:
        return True
    try:
        return fields_left(raw, 0, len(raw), kind, FEW_FIELDS, DEEPEST) >= 0
    except IndexError:  # it ends in the middle of something
        return False


def fields_left(raw: bytes, at: int, end: int, kind: Any, left: int, depth: int) -> int:
    """How many fields are left of so many, after those of the message between two places; below zero if they did not do."""
    while at < end:
        left -= 1
        if left < 0 or depth < 0:
            return -1
        tag, at = varint(raw, at)
        match tag & 7:
            case 0:
                _, at = varint(raw, at)
            case 1:
                at += 8
            case 5:
                at += 4
            case 2:
                length, at = varint(raw, at)
                field = kind.fields_by_number.get(tag >> 3)
                if field is not None and field.message_type is not None:
                    left = fields_left(raw, at, min(at + length, end), field.message_type, left, depth - 1)
                at += length
            case _:
                return -1
    return left


def varint(raw: bytes, at: int) -> tuple[int, int]:
    """The number that is written at this place, and the place behind it (protobuf.dev/programming-guides/encoding)."""
    number = shift = 0
    while True:
        byte = raw[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7
        if shift > 63:
            raise IndexError
