"""The contract's comments as Python docstrings: for `help(Document)` and the like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FileDescriptorProto

from tools.contract import comments_of

Comments: TypeAlias = Mapping[str, str]


def docstrings(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    """Each message and enum of the file, as its module names it, and what is to be said of it."""
    comments = dict(comments_of(file))
    for enum in file.enum_type:
        yield enum.name, of_enum(f"{file.package}.{enum.name}", enum, comments)
    for message in file.message_type:
        yield from of_messages(file.package, "", message, comments)


def of_messages(scope: str, within: str, message: DescriptorProto, comments: Comments) -> Iterator[tuple[str, str]]:
    if message.options.map_entry:
        return
    name = f"{scope}.{message.name}"
    members = ((field.name, comments.get(f"{name}.{field.name}", "")) for field in message.field)
    yield within + message.name, documented(comments.get(name, ""), members)
    for enum in message.enum_type:
        yield f"{within}{message.name}.{enum.name}", of_enum(f"{name}.{enum.name}", enum, comments)
    for nested in message.nested_type:
        yield from of_messages(name, f"{within}{message.name}.", nested, comments)


def of_enum(name: str, enum: EnumDescriptorProto, comments: Comments) -> str:
    return documented(comments.get(name, ""), ((value.name, comments.get(f"{name}.{value.name}", "")) for value in enum.value))


def documented(what: str, members: Iterator[tuple[str, str]]) -> str:
    """A comment, and below it one for each of its members."""
    lines = [f"{name}: {indented(comment)}" for name, comment in members]
    return "\n\n".join(part for part in (what, "\n".join(lines)) if part)


def indented(comment: str) -> str:
    return comment.replace("\n", "\n    ")
