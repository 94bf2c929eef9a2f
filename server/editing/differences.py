"""What differs between two revisions, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator

import click
from google.protobuf.json_format import MessageToJson

from gazette.content.v1.comparing_pb2 import (
    ChangeKind,
    DiffRevisionsResponse,
    ElementChange,
    FieldDiff,
    MemberChange,
    TextDiff,
)

ADDED, REMOVED = ChangeKind.CHANGE_KIND_ADDED, ChangeKind.CHANGE_KIND_REMOVED
CONTEXT = 60
"""Characters that stay as they are and are shown before and after a change."""


def lines(answer: DiffRevisionsResponse) -> Iterator[str]:
    if not answer.fields:
        yield "nothing differs"
    for field in answer.fields:
        yield click.style(f"{field.field}:", bold=True)
        for line in of_field(field):
            yield f"  {line}"


def of_field(field: FieldDiff) -> Iterator[str]:
    if field.HasField("text"):
        yield from worded(field.text)
    if field.before or field.after:
        yield f"{removed(field.before)} {added(field.after)}"
    for member in field.members:
        yield from of_member(member)
    for element in field.elements:
        yield of_element(element)
    if field.omitted_changes:
        yield f"… and {field.omitted_changes} more"


def of_member(member: MemberChange) -> Iterator[str]:
    if member.HasField("text"):
        yield f"{member.pointer}:"
        yield from (f"  {line}" for line in worded(member.text))
        return
    before = [removed(MessageToJson(member.before, indent=None))] if member.HasField("before") else []
    after = [added(MessageToJson(member.after, indent=None))] if member.HasField("after") else []
    yield f"{member.pointer}: {' '.join(before + after)}"


def of_element(element: ElementChange) -> str:
    said = f"{element.link_kind} {element.element}".strip()
    if element.kind == ADDED:
        return added(said)
    return removed(said) if element.kind == REMOVED else f"{said} moved from {element.from_index + 1} to {element.to_index + 1}"


def worded(text: TextDiff) -> Iterator[str]:
    """The text with its changes marked; of what stays as it is only what is near to one."""
    parts = []
    last = len(text.segments) - 1
    for at, segment in enumerate(text.segments):
        said = f"{segment.text}…{segment.rest}" if segment.omitted_characters else segment.text
        if segment.kind == ADDED:
            parts.append(added(said))
        elif segment.kind == REMOVED:
            parts.append(removed(said))
        else:
            parts.append(near(said, is_first=at == 0, is_last=at == last))
    yield from "".join(parts).splitlines()


def near(text: str, *, is_first: bool, is_last: bool) -> str:
    before, after = ("" if is_first else text[:CONTEXT]), ("" if is_last else text[-CONTEXT:])
    return text if len(text) <= len(before) + len(after) else f"{before}…{after}"


def added(text: str) -> str:
    return click.style(f"{{+{text}+}}", fg="green") if text else ""


def removed(text: str) -> str:
    return click.style(f"[-{text}-]", fg="red") if text else ""
