"""What changed in `details`, member by member, and in lists of links, tags and attachments."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from google.protobuf.struct_pb2 import Struct, Value

from gazette.content.v1.comparing_pb2 import ChangeKind, ElementChange, FieldDiff, MemberChange
from server.content.comparing.sequences import Budget, runs
from server.content.comparing.texts import Room, text_diff

ADDED, REMOVED, CHANGED, MOVED = (
    ChangeKind.CHANGE_KIND_ADDED,
    ChangeKind.CHANGE_KIND_REMOVED,
    ChangeKind.CHANGE_KIND_CHANGED,
    ChangeKind.CHANGE_KIND_MOVED,
)
NOTHING: Any = object()
MOST_CHANGES = 1_000


class Change(NamedTuple):
    """Of a member: NOTHING stands for what is not there."""

    pointer: str
    before: Any
    after: Any


def details_diff(before: Mapping[str, Any], after: Mapping[str, Any], budget: Budget, room: Room) -> FieldDiff:
    result = FieldDiff(field="details")
    for change in changes("", before, after, budget):
        if len(result.members) >= MOST_CHANGES:
            result.omitted_changes += 1
        else:
            result.members.append(told(change, budget, room))
    return result


def changes(pointer: str, before: Any, after: Any, budget: Budget) -> Iterator[Change]:
    """In the order of members' names, and of elements."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            below = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            yield from changes(below, before.get(name, NOTHING), after.get(name, NOTHING), budget)
    elif isinstance(before, list) and isinstance(after, list):
        yield from elements_changed(pointer, before, after, budget)
    elif before is NOTHING or after is NOTHING or canonical(before) != canonical(after):
        yield Change(pointer, before, after)


def elements_changed(pointer: str, before: list[Any], after: list[Any], budget: Budget) -> Iterator[Change]:
    for is_equal, a, b in runs([*map(canonical, before)], [*map(canonical, after)], budget):
        if is_equal:
            continue
        old, new = before[a], after[b]
        for at in range(max(len(old), len(new))):
            place = (b.start if at < len(new) else a.start) + at
            is_there = at < len(old), at < len(new)
            yield from changes(
                f"{pointer}/{place}", old[at] if is_there[0] else NOTHING, new[at] if is_there[1] else NOTHING, budget
            )


def canonical(value: Any) -> str:
    """By which `true` is not 1."""
    return json.dumps(value, sort_keys=True)


def told(change: Change, budget: Budget, room: Room) -> MemberChange:
    pointer, before, after = change
    kind = ADDED if before is NOTHING else REMOVED if after is NOTHING else CHANGED
    result = MemberChange(pointer=pointer, kind=kind)
    if room.left <= 0:
        return result
    if isinstance(before, str) and isinstance(after, str):
        result.text.CopyFrom(text_diff(before, after, budget, room))
        return result
    for field, value in ((result.before, before), (result.after, after)):
        if value is not NOTHING and (size := len(canonical(value))) <= room.left:
            room.left -= size
            field.CopyFrom(as_value(value))
    return result


def as_value(value: Any) -> Value:
    struct = Struct()
    struct.update({"value": value})
    return struct.fields["value"]


def elements_diff(field: str, before: Sequence[str], after: Sequence[str], budget: Budget) -> FieldDiff:
    result = FieldDiff(field=field)
    put(result, element_changes(before, after, "", budget))
    return result


def links_diff(before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]], budget: Budget) -> FieldDiff:
    result = FieldDiff(field="links")
    for kind in sorted(before.keys() | after.keys()):
        put(result, element_changes(before.get(kind, ()), after.get(kind, ()), kind, budget))
    return result


def put(result: FieldDiff, found: Sequence[ElementChange]) -> None:
    room = MOST_CHANGES - len(result.elements)
    result.elements.extend(found[:room])
    result.omitted_changes += len(found[room:])


def element_changes(before: Sequence[str], after: Sequence[str], kind: str, budget: Budget) -> list[ElementChange]:
    """What came, what went, and what is in both and stands elsewhere among them."""
    gone: dict[str, int] = {}
    come: dict[str, int] = {}
    for is_equal, a, b in runs(before, after, budget):
        if not is_equal:
            gone |= {before[at]: at for at in range(a.start, a.stop)}
            come |= {after[at]: at for at in range(b.start, b.stop)}
    removed = [(ElementChange(kind=REMOVED, from_index=at), name) for name, at in gone.items() if name not in come]
    moved = [(ElementChange(kind=MOVED, from_index=gone[name], to_index=at), name) for name, at in come.items() if name in gone]
    added = [(ElementChange(kind=ADDED, to_index=at), name) for name, at in come.items() if name not in gone]
    changed = [*removed, *added, *moved]
    for each, name in changed:
        each.element, each.link_kind = name, kind
    return [each for each, _ in changed]
