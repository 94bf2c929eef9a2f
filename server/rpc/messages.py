"""Rows to messages. The contract decides what leaves the house: a message takes from a row what has a field's name."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any, TypeVar

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

MessageType = TypeVar("MessageType", bound=Message)


def message(kind: type[MessageType], row: Any = None, /, **given: Any) -> MessageType:
    """A message of `kind`, each of its fields from `given`, or else from the row's attribute of the same name.

    UUIDs become strings, datetimes Timestamps, dicts Structs; None and absent attributes leave a field unset.
    """
    result = kind()
    for field in kind.DESCRIPTOR.fields:
        value = given[field.name] if field.name in given else getattr(row, field.name, None)
        if value is not None:
            fill(result, field, value)
    return result


def fill(result: Message, field: Any, value: Any) -> None:
    if isinstance(value, uuid.UUID):
        setattr(result, field.name, str(value))
    elif isinstance(value, datetime):
        getattr(result, field.name).CopyFrom(timestamp(value))
    elif isinstance(value, dict) and field.message_type is Struct.DESCRIPTOR:
        getattr(result, field.name).update(value)
    elif isinstance(value, dict):
        for key, each in value.items():
            getattr(result, field.name)[key].CopyFrom(each)
    elif isinstance(value, Message):
        getattr(result, field.name).CopyFrom(value)
    elif field.is_repeated:
        getattr(result, field.name).extend(str(each) if isinstance(each, uuid.UUID) else each for each in value)
    else:
        setattr(result, field.name, value)


def timestamp(moment: datetime) -> Timestamp:
    result = Timestamp()
    result.FromDatetime(moment)
    return result


def moment(timestamp: Timestamp) -> datetime:
    """The timestamp as an aware datetime, to the microsecond."""
    return timestamp.ToDatetime(tzinfo=UTC)


def plain(struct: Struct) -> dict[str, Any]:
    """A Struct as what JSON would give: whole numbers as int, so that 5 comes back as 5 and not as 5.0."""
    return {key: unwrapped(value) for key, value in struct.fields.items()}


def unwrapped(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "number_value":
        number: float = value.number_value
        return int(number) if number.is_integer() and abs(number) <= 2**53 else number
    if kind == "struct_value":
        return plain(value.struct_value)
    if kind == "list_value":
        return [unwrapped(each) for each in value.list_value.values]
    return None if kind in {None, "null_value"} else getattr(value, kind)
