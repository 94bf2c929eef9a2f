"""Requests of up to 4 MiB that are as much work as they can be: of each kind that the contract's methods take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from google.protobuf.descriptor import FieldDescriptor

SIZE = 4 * 1024 * 1024 - 1024
DEEPEST = 4
STRUCT = "google.protobuf.Struct"
STRUCTURED = {"email", "locale", "location", "page_token", "path", "path_prefix", "prefix"}
"""Strings that are taken apart."""


class Hostile(NamedTuple):
    """A request, and what it is full of."""

    name: str
    raw: bytes


def varint(number: int) -> bytes:
    result = b""
    while number > 127:
        result += bytes([number & 127 | 128])
        number >>= 7
    return result + bytes([number])


def field(number: int, content: bytes) -> bytes:
    """A field that holds a string, bytes or a message."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def wrapped(path: tuple[int, ...], content: bytes) -> bytes:
    for number in reversed(path):
        content = field(number, content)
    return content


def requests(kind: Any) -> Iterator[Hostile]:
    """For this kind of request."""
    yield Hostile("unknown fields", b"\xf8\x07\x01" * (SIZE // 3))
    yield Hostile("no message", b"\xff" * SIZE)
    yield from of_message(kind, (), "")


def of_message(kind: Any, path: tuple[int, ...], name: str) -> Iterator[Hostile]:
    for each in kind.fields:
        here, called = (*path, each.number), f"{name}.{each.name}".lstrip(".")
        yield from of_text(each, here, called)
        if each.is_repeated or each.type == FieldDescriptor.TYPE_MESSAGE:
            yield Hostile(f"{called}: empty, again and again", many(path, field(each.number, b"")))
        if each.is_repeated and each.type == FieldDescriptor.TYPE_STRING:
            yield Hostile(f"{called}: different ones", wrapped(path, different(each.number)))
            few = b"".join(field(each.number, b"%x" % at) for at in range(1_900))
            yield Hostile(f"{called}: 1,900 wrong ones", wrapped(path, few))
        kind_inside = each.message_type
        if kind_inside is None or len(here) > DEEPEST:
            continue
        if kind_inside.full_name == STRUCT:
            yield from of_struct(here, called)
        elif kind_inside.GetOptions().map_entry:
            entries = b"".join(field(each.number, field(1, b"k%x" % at)) for at in range(SIZE // 13))
            yield Hostile(f"{called}: different entries", wrapped(path, entries))
            yield from of_message(kind_inside, here, called)
        elif not kind_inside.full_name.startswith("google.protobuf.Value"):
            yield from of_message(kind_inside, here, called)


def of_text(each: Any, path: tuple[int, ...], name: str) -> Iterator[Hostile]:
    if each.type == FieldDescriptor.TYPE_BYTES:
        yield Hostile(f"{name}: long", wrapped(path, b"a" * SIZE))
    if each.type == FieldDescriptor.TYPE_STRING:
        yield Hostile(f"{name}: long", wrapped(path, "é".encode() * (SIZE // 2)))
    if each.name in STRUCTURED:
        yield Hostile(f"{name}: of many parts", wrapped(path, b"/a" * (SIZE // 2)))


def many(path: tuple[int, ...], each: bytes) -> bytes:
    return wrapped(path, each * (SIZE // len(each)))


def different(number: int) -> bytes:
    return b"".join(field(number, b"%x" % at) for at in range(SIZE // 8))


def of_struct(path: tuple[int, ...], name: str) -> Iterator[Hostile]:
    """A Struct's `fields` is 1, an entry's key 1 and value 2; a Value's number is 2, string 3, object 5, list 6."""
    for what, values in (
        ("empty values", field(1, b"") * (SIZE // 2)),
        ("numbers", field(1, b"\x11" + bytes(8)) * (SIZE // 11)),
        ("290,000 numbers", field(1, b"\x11" + bytes(8)) * 290_000),
        ("20,000 numbers", field(1, b"\x11" + bytes(8)) * 20_000),
        ("2,000 numbers", field(1, b"\x11" + bytes(8)) * 2_000),
        ("60,000 lists of 13", field(1, field(6, field(1, b"\x11" + bytes(8)) * 4)) * 60_000),
        ("long strings", field(1, field(3, b"x" * 100_000)) * (SIZE // 100_010)),
        ("infinities", field(1, b"\x11" + b"\0\0\0\0\0\0\xf0\x7f") * (SIZE // 11)),
    ):
        yield Hostile(f"{name}: {what}", wrapped(path, field(1, field(1, b"a") + field(2, field(6, values)))))
    keys = b"".join(field(1, field(1, b"%x" % at) + field(2, b"")) for at in range(SIZE // 13))
    yield Hostile(f"{name}: keys", wrapped(path, keys))
    deep = field(3, b"x")
    for _ in range(45):
        deep = field(5, field(1, field(1, b"k") + field(2, deep)))
    yield Hostile(f"{name}: deep", wrapped(path, field(1, field(1, b"a") + field(2, deep))))
    long_key = b"k" * (SIZE // 3)
    below = field(5, b"".join(field(1, field(1, b"%x" % at) + field(2, field(3, b"\0"))) for at in range(900)))
    yield Hostile(f"{name}: a long key above wrong values", wrapped(path, field(1, field(1, long_key) + field(2, below))))
