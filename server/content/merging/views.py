"""Merges and what collides in them, as the contract's messages."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from google.protobuf.struct_pb2 import NULL_VALUE, Value

from gazette.content.v1.document_pb2 import BodyFormat
from gazette.content.v1.merging_pb2 import FieldConflict, Merged, MergedField, MergeHunk
from server.content.merging import values
from server.content.merging.fields import Merge
from server.content.merging.values import ABSENT, Collision
from server.rpc.objects import FEW_VALUES

FRAME = 8
"""Bytes with which a conflict or a hunk stands in a list."""
SIDES = ("base", "theirs", "yours")


def merged(merge: Merge, base_number: int, theirs_number: int) -> Merged:
    """What came of a merge."""
    fields = [MergedField(field=name, origin=origin) for name, origin in merge.origins.items()]
    told = {"base_revision_number": base_number, "theirs_revision_number": theirs_number}
    return Merged(**told, fields=fields, unchanged=merge.is_theirs and not merge.collisions)


def conflict(collision: Collision) -> FieldConflict:
    hunks = [MergeHunk(**each._asdict()) for each in collision.hunks]
    result = FieldConflict(field=collision.field, hunks=hunks, is_shortened=collision.is_cut)
    for side in SIDES:
        said = getattr(collision, side)
        if said is ABSENT:
            continue
        if values.count(said, FEW_VALUES) > FEW_VALUES:
            result.is_shortened = True
        else:
            put(getattr(result, side), shown(collision.field, said))
    return result


def shown(field: str, said: Any) -> Any:
    return BodyFormat.Name(said) if field == "body_format" else said


def put(value: Value, said: Any) -> None:
    """Fills a Value with what JSON holds, or with ids."""
    if said is None:
        value.null_value = NULL_VALUE
    elif isinstance(said, bool):
        value.bool_value = said
    elif isinstance(said, int | float):
        value.number_value = said
    elif isinstance(said, str | uuid.UUID):
        value.string_value = str(said)
    elif isinstance(said, dict):
        value.struct_value.update(said)
    else:
        value.list_value.extend([str(each) if isinstance(each, uuid.UUID) else each for each in said])


def put_conflicts(into: Any, conflicts: Iterable[FieldConflict], room: int) -> None:
    """Adds the conflicts, each with as much of it as there is room for; of none without its name."""
    for each in conflicts:
        told = fitting(each, room)
        if (size := told.ByteSize() + FRAME) > room:
            return
        into.append(told)
        room -= size


def fitting(conflict: FieldConflict, room: int) -> FieldConflict:
    """The conflict, or as much of it as has so many bytes: the lines that collide rather than the whole texts."""
    if conflict.ByteSize() + FRAME <= room:
        return conflict
    result = FieldConflict(field=conflict.field, is_shortened=True)
    for hunk in conflict.hunks:
        if result.ByteSize() + hunk.ByteSize() + 2 * FRAME > room:
            break
        result.hunks.append(hunk)
    return result
