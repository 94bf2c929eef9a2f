"""Rows to messages. The contract decides what leaves the house: a message takes from a row what has a field's name.

How a field of a message is filled from a value depends on the field alone, so it is decided once for each kind of message:
a plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from server.rpc.objects import LargeObject, with_struct

MessageType = TypeVar("MessageType", bound=Message)
Fill = Callable[[Any, Any], None]
"""Puts a value, which is not None, into a message."""

MISSING = object()
EPOCH = datetime.fromtimestamp(0, UTC)
DAY = 86400  # seconds


def message(kind: type[MessageType], row: Any = None, /, **given: Any) -> MessageType:
    """A message of `kind`, each of its fields from `given`, or else from the row's attribute of the same name.

    UUIDs become strings, datetimes Timestamps, dicts Structs; None and absent attributes leave a field unset.
    """
    result = kind()
    for name, fill in plan(kind):  # type: ignore[arg-type]  # a class is hashable
        value = given.get(name, MISSING)
        if value is MISSING:
            value = getattr(row, name, None)
        if value is not None:
            fill(result, value)
    return result


@cache
def plan(kind: Any) -> tuple[tuple[str, Fill], ...]:
    """How each field of this kind of message is filled."""
    return tuple((field.name, filling(field)) for field in kind.DESCRIPTOR.fields)


def filling(field: Any) -> Fill:
    kind, is_text = field.message_type, field.type == FieldDescriptor.TYPE_STRING
    if kind is not None and kind.GetOptions().map_entry:
        put: Callable[[str, Any, Any], None] = put_map
    elif field.is_repeated:
        put = put_texts if is_text else put_all
    elif kind is not None:
        put = MESSAGES.get(kind, put_message)
    else:
        put = put_text if is_text else put_value
    return partial(put, field.name)


def put_value(name: str, result: Any, value: Any) -> None:
    setattr(result, name, value)


def put_text(name: str, result: Any, value: Any) -> None:
    setattr(result, name, value if type(value) is str else str(value))


def put_texts(name: str, result: Any, value: Iterable[Any]) -> None:
    getattr(result, name).extend(map(str, value))


def put_all(name: str, result: Any, value: Iterable[Any]) -> None:
    getattr(result, name).extend(value)


def put_message(name: str, result: Any, value: Message) -> None:
    getattr(result, name).CopyFrom(value)


def put_map(name: str, result: Any, value: Mapping[str, Message]) -> None:
    field = getattr(result, name)
    for key, each in value.items():
        field[key].CopyFrom(each)


def put_time(name: str, result: Any, value: Any) -> None:
    field = getattr(result, name)
    if isinstance(value, datetime):
        since = value - EPOCH
        field.seconds, field.nanos = since.days * DAY + since.seconds, since.microseconds * 1000  # as FromDatetime, in a third
    else:
        field.CopyFrom(value)


def put_duration(name: str, result: Any, value: Any) -> None:
    field = getattr(result, name)
    if isinstance(value, timedelta):
        field.FromTimedelta(value)
    else:
        field.CopyFrom(value)


def put_struct(name: str, result: Any, value: Any) -> None:
    if isinstance(value, Struct):
        getattr(result, name).CopyFrom(value)
    elif type(value) is LargeObject:
        getattr(result, name).MergeFromString(value.struct or with_struct(value).struct)
    elif value:  # an empty one is as good as none
        getattr(result, name).update(value)


MESSAGES: dict[Any, Callable[[str, Any, Any], None]] = {
    Timestamp.DESCRIPTOR: put_time,
    Duration.DESCRIPTOR: put_duration,
    Struct.DESCRIPTOR: put_struct,
}
"""What a value becomes that is no message yet."""


def timestamp(moment: datetime) -> Timestamp:
    result = Timestamp()
    result.FromDatetime(moment)
    return result


def moment(timestamp: Timestamp) -> datetime:
    """The timestamp as an aware datetime, to the microsecond."""
    return timestamp.ToDatetime(tzinfo=UTC)
