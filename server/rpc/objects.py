"""JSON objects, which callers make as large as they like: as what JSON gives, or, where one holds much, as text and bytes that
no event loop walks through. The texts are made in other processes (`server.background.objects`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from google.protobuf.struct_pb2 import Struct

FEW_VALUES = 1_000
"""How many values an object may hold that is walked through on the event loop, at about two microseconds each."""
TEXT = 300
"""Characters of a string that cost as much as a value does."""
SHORT, LONG = 2_000, 500_000
"""Characters of JSON that cannot hold so many values, and that cost as much, whatever they hold."""


class TooManyValues(Exception):
    """An object holds more values than may be looked at here."""


@dataclass(slots=True)
class Budget:
    """How many values may still be looked at."""

    left: int

    def spend(self, values: int = 1) -> None:
        """Raises TooManyValues."""
        self.left -= values
        if self.left < 0:
            raise TooManyValues


@dataclass(frozen=True, slots=True)
class LargeObject:
    """An object that holds many values."""

    json: str
    struct: bytes = b""
    """The same as a serialised Struct; empty if nobody has made it yet."""

    def __bool__(self) -> bool:
        return True


Object = dict[str, Any] | LargeObject


def plain(struct: Struct, budget: Budget | None = None) -> dict[str, Any]:
    """A Struct as what JSON would give: whole numbers as int, so that 5 comes back as 5 and not as 5.0.

    Raises TooManyValues.
    """
    return {key: unwrapped(value, budget) for key, value in struct.fields.items()}


def unwrapped(value: Any, budget: Budget | None) -> Any:
    if budget is not None:
        budget.spend()
    kind = value.WhichOneof("kind")
    if kind == "number_value":
        number: float = value.number_value
        return int(number) if number.is_integer() and abs(number) <= 2**53 else number
    if kind == "struct_value":
        return plain(value.struct_value, budget)
    if kind == "list_value":
        return [unwrapped(each, budget) for each in value.list_value.values]
    if kind == "string_value":
        text: str = value.string_value
        if budget is not None:
            budget.spend(len(text) // TEXT)
        return text
    return None if kind in {None, "null_value"} else getattr(value, kind)


def from_struct(raw: bytes) -> LargeObject:
    """From a serialised Struct."""
    return LargeObject(json.dumps(plain(Struct.FromString(raw))), raw)


def with_struct(value: LargeObject) -> LargeObject:
    """The same, with its Struct."""
    return from_json(json.loads(value.json), value.json)


def from_json(value: dict[str, Any], text: str = "") -> LargeObject:
    struct = Struct()
    struct.update(value)
    return LargeObject(text or json.dumps(value), struct.SerializeToString())


def loaded(value: Object) -> dict[str, Any]:
    """As what JSON gives, however much it holds: for other processes."""
    if isinstance(value, LargeObject):
        result: dict[str, Any] = json.loads(value.json)
        return result
    return value


def encoded(value: Any) -> str:
    """For PostgreSQL."""
    return value.json if type(value) is LargeObject else json.dumps(value)


def decoded(text: str) -> Any:
    """From PostgreSQL."""
    # Each value but the first of all stands behind one of these, and strings hold more of them.
    is_large = len(text) > LONG or (len(text) > SHORT and sum(map(text.count, ",:[")) > FEW_VALUES)
    return LargeObject(text) if is_large and text.startswith("{") else json.loads(text)
