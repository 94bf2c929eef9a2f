"""What a caller is told of a rule of the contract that was broken: what is wanted, in the contract's words and with its
examples, and no pattern."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import Any

from google.protobuf.descriptor import FieldDescriptor, OneofDescriptor
from google.protobuf.empty_pb2 import Empty
from google.protobuf.unknown_fields import UnknownFieldSet

from gazette.text.v1.text_pb2 import form
from server.rpc.failures import MAX_DESCRIPTION, Violation
from server.rpc.requests.sizes import ITEMS, KEYS, MAP, REPEATED, RULES, STRING, UUID, is_map, nested, numbered

EXAMPLE, ENUM, NOT_IN = 34, 16, 4
"""Where the contract's rules have them (buf/validate/validate.proto)."""
ID = "01a1fc98-1456-7b21-896a-ed5e06f788c9"
REQUIRED = ".required"
"""How the id of a rule ends that asks a message for one of its fields: `document.etag.required`."""
ABSENT = {"required", "string.uuid_empty"}
ONE_AT_LEAST = ("at least 1 characters", "at least 1 item(s)", "at least 1 bytes")
UNSPECIFIED = "_UNSPECIFIED"


def told(kind: Any, violation: Any) -> Violation:
    """What is wrong with a message of this kind, and with which of its fields, by protovalidate's violation."""
    rule, message = violation.proto.rule_id, violation.proto.message
    path, field = place(kind, violation)
    if isinstance(field, OneofDescriptor):
        return Violation(path, f"exactly one of {', '.join(f'`{each.name}`' for each in field.fields)} is required")
    if field is None:
        return Violation("", message)
    if rule.endswith(REQUIRED) and field.message_type is not None:
        missing = field.message_type.fields_by_name[rule.removesuffix(REQUIRED).rpartition(".")[2]]
        return Violation(f"{path}.{missing.name}", absent(missing))
    return Violation(path, description(field, rule, message, is_key=bool(violation.proto.for_key)))


def place(kind: Any, violation: Any) -> tuple[str, FieldDescriptor | OneofDescriptor | None]:
    """`document.tags[2]`, and the field at its end; nothing for a rule of the whole message, which has no field. A oneof is no
    part of the path: nobody sends it."""
    path, field = "", None
    inside: Any = kind
    for element in violation.proto.field.elements if violation.proto.field is not None else ():
        if element.field_name in inside.oneofs_by_name:
            return path, inside.oneofs_by_name[element.field_name]
        path += f".{element.field_name}" if path else element.field_name
        field = inside.fields_by_name[element.field_name]
        if element.subscript is not None:
            path += f"[{element.subscript.value}]"
        inside = field.message_type
        if inside is not None and is_map(field):
            inside = inside.fields_by_name["value"].message_type
    return path, field


def description(field: FieldDescriptor, rule: str, message: str, *, is_key: bool) -> str:
    """Why the value of a field breaks a rule; protovalidate's `message` where that says it well."""
    if rule in ABSENT or message.endswith(ONE_AT_LEAST):
        return absent(field)
    if rule in {"string.pattern", "string.uuid"}:
        return f"must {'have keys that are' if is_key else 'be'} {wanted(field)}"
    if rule.startswith("enum."):
        return f"must be {wanted(field)}"
    if rule == "string.in":
        return f"must be one of {listed([each for each in message.partition('[')[2].rstrip(']').split(', ') if each])}"
    if rule == "repeated.unique":
        return "must not have the same twice"
    return message


def absent(field: FieldDescriptor) -> str:
    return f"is required: {what}" if (what := wanted(field)) else "is required"


@cache
def wanted(field: FieldDescriptor) -> str:
    """What a value is to be, or each of a list, or each key of a map: `a tag of a language (BCP 47), such as cy or en-GB`.
    Nothing where the contract does not say more than the type does."""
    rules = nested(numbered(field.GetOptions()), RULES)
    if is_map(field):
        rules = nested(nested(rules, MAP), KEYS)
    elif field.is_repeated:
        rules = nested(nested(rules, REPEATED), ITEMS)
    if field.enum_type is not None:
        refused = numbers(rules.get(ENUM, b""))
        names = [each.name for each in field.enum_type.values if each.number not in refused]
        return f"one of {listed([each for each in names if not each.endswith(UNSPECIFIED)])}"
    words: str = field.GetOptions().Extensions[form]
    examples = [each.decode() for each in values(rules.get(STRING, b""), EXAMPLE)]
    if not words and nested(rules, STRING).get(UUID):
        words, examples = "a UUID", [ID]
    return f"{words}, such as {' or '.join(examples)}" if examples else words


def values(rules: bytes, number: int) -> list[Any]:
    """All that a field says of a message that nobody parsed."""
    unknown: Any = UnknownFieldSet(Empty.FromString(rules))
    return [each.data for each in unknown if each.field_number == number]


def numbers(rules: bytes) -> set[int]:
    """Those that EnumRules exclude, which are small ones: a byte each where they are packed."""
    found: set[int] = set()
    for each in values(rules, NOT_IN):
        found.update(each if isinstance(each, bytes) else (each,))
    return found


def listed(names: Sequence[str]) -> str:
    """As many of them as a description has room for."""
    room = MAX_DESCRIPTION - len("must be one of  and 999 others")
    fit = sum(end <= room for end in accumulate(len(each) + len(", ") for each in names))
    left = len(names) - fit
    return ", ".join(names[:fit]) + (f" and {left} others" if left else "")
