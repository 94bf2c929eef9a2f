"""Judging a message away from the event loop: this runs in a process of its own (`server.background.processes`)."""

from __future__ import annotations

from typing import NamedTuple

from google.protobuf.message import DecodeError, Message

from server.rpc.failures import Violation
from server.rpc.objects import TooManyValues
from server.rpc.requests.settling import settle
from server.rpc.requests.validation import found_in


class Judgement(NamedTuple):
    """What was found out about the bytes of a message."""

    raw: bytes
    """The message again, settled, without what it was padded with. Where it is wrong, as much of it as says which one it is:
    strings, numbers, and no list or object."""
    violations: tuple[Violation, ...] = ()
    is_message: bool = True
    """Whether the bytes are a message of the kind at all."""


def judge(kind: type[Message], raw: bytes) -> Judgement:
    """Whether these bytes are a good message of the kind, and that with its texts settled."""
    try:
        message = kind.FromString(raw)
    except DecodeError:
        return Judgement(b"", is_message=False)
    message.DiscardUnknownFields()
    try:
        violations = settle(message) or found_in(message)
    except TooManyValues:
        violations = found_in(message)
    if violations:
        cut(message)
    return Judgement(message.SerializeToString(), tuple(violations))


def cut(message: Message) -> None:
    """Takes out all that there can be many of."""
    for field, value in message.ListFields():
        if field.is_repeated or (field.message_type is not None and field.message_type.full_name == "google.protobuf.Struct"):
            message.ClearField(field.name)
        elif field.message_type is not None:
            cut(value)
