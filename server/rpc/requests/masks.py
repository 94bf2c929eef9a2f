"""Update masks (google.protobuf.FieldMask): which fields of a resource an update is to change."""

from __future__ import annotations

from collections.abc import Collection

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from server.rpc.failures import InvalidArgument, Violation, cut

MAX_NAMED = 60  # characters


class InvalidUpdateMask(InvalidArgument):
    """The mask names what an update cannot change, or nothing."""

    reason = "INVALID_UPDATE_MASK"

    def __init__(self, description: str) -> None:
        super().__init__(Violation("update_mask", description))


def fields(
    name: str, resource: Message, mask: FieldMask, writable: Collection[str], *, required: Collection[str] = ()
) -> frozenset[str]:
    """The fields that the mask names, all of them `writable`: no `*`, nothing nested. `name` is what the request calls the
    resource. Raises InvalidUpdateMask, and InvalidArgument where one that is `required` would become empty."""
    paths = frozenset(mask.paths)
    if not paths:
        raise InvalidUpdateMask(f"names nothing; it may name {quoted(writable)}")
    if foreign := sorted(paths - set(writable)):
        told = cut(", ".join(foreign), MAX_NAMED)
        raise InvalidUpdateMask(f"names what an update cannot change: {told}; it may name {quoted(writable)}")
    if empty := sorted(path for path in required if path in paths and not getattr(resource, path)):
        raise InvalidArgument(*(Violation(f"{name}.{path}", "may not become empty") for path in empty))
    return paths


def quoted(names: Collection[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
