"""Parts of documents that not everybody may write who may write the documents.

A save needs a permission for what it changes, compared with the newest revision as it is read now, and a creation for what it
says. What is left as it was needs nothing: so whoever may write the rest goes on doing so. Nothing is as good as what is empty.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gazette.content.v1.content_type_member_pb2 import MemberPermission
from gazette.content.v1.document_pb2 import BodyFormat
from server.background.processes import Processes, TooCostly
from server.content.checks.details import CHECK_SECONDS, DETAILS
from server.content.types.failures import FieldForbidden
from server.content.types.moving import EVERY, Path, is_same, parts_of
from server.rpc.caller import Caller
from server.rpc.objects import LargeObject, Object, loaded
from server.stores.statements import Row

NOTHING: Mapping[str, Any] = {"body_format": BodyFormat.BODY_FORMAT_MARKDOWN}
"""What a document says that is not there yet."""
FEW = 20
"""Pointers into details that are followed on the event loop."""
WHOLE = "details"


@dataclass(frozen=True)
class FieldPermissions:
    """Compares what is saved with what was there."""

    processes: Processes

    async def check(
        self,
        caller: Caller,
        organisation_id: uuid.UUID,
        locale: str,
        content_type: Row,
        words: Mapping[str, Any],
        document: Row | None = None,
    ) -> None:
        """Raises FieldForbidden if the caller may not write all that a save changes. The document is as it was before, its
        details as the content type has them (`Details.current`); None if there was none."""
        closed = self.closed(caller, organisation_id, locale, content_type)
        if not closed:
            return
        before = NOTHING if document is None else document._asdict()
        names = [*dict.fromkeys(name for name, _ in closed)]
        pointers = [name for name in names if name == WHOLE or name.startswith("/")]
        written = {name for name in names if name in words and name != WHOLE and not is_left(before.get(name), words[name])}
        if pointers:
            written |= {*await self.written_members(before.get(WHOLE) or {}, words[WHOLE], pointers)}
        if written:
            raise FieldForbidden([(field_of(name), needed) for name, needed in closed if name in written])

    async def check_move(self, caller: Caller, content_type: Row, document: Row, path: str) -> None:
        """The same of a document that says what it said, at another path."""
        words = {**document._asdict(), "path": path}
        await self.check(caller, document.organisation_id, document.locale, content_type, words, document)

    def closed(self, caller: Caller, organisation_id: uuid.UUID, locale: str, content_type: Row) -> list[tuple[str, int]]:
        """The parts that the caller may not write there, each with what it would need."""
        return [
            (each["member"], each["permission"])
            for each in content_type.member_permissions
            if not caller.may(each["permission"], organisation_id, locale)
        ]

    async def written_members(self, before: Object, after: Object, pointers: Sequence[str]) -> list[str]:
        if before is after:
            return []
        is_large = isinstance(before, LargeObject) or isinstance(after, LargeObject) or len(pointers) > FEW
        if not is_large:
            return written_members(before, after, pointers)
        try:
            return await self.processes.run(written_members, before, after, pointers, seconds=CHECK_SECONDS)
        except TooCostly:  # nobody can say that they are left as they were
            return [*pointers]


def written_members(before: Object, after: Object, pointers: Sequence[str]) -> list[str]:
    """Those of the pointers that lead to something else now."""
    old, new = loaded(before), loaded(after)
    return [each for each in pointers if not is_same(values(old, each), values(new, each))]


def values(details: Any, pointer: str) -> dict[str, Any]:
    """What the pointer leads to, by its place; what is empty is not there."""
    way = () if pointer == WHOLE else parts_of(pointer)
    return {"/".join(place): value for place, value in places(details, way, ()) if value not in ("", None, [], {})}


def places(value: Any, way: Path, place: Path) -> Iterator[tuple[Path, Any]]:
    if not way:
        yield place, value
        return
    inner: Iterator[tuple[str, Any]] = iter(())
    if isinstance(value, dict):
        inner = iter(value.items())
    elif isinstance(value, list):
        inner = ((str(at), each) for at, each in enumerate(value))
    for name, each in inner:
        if way[0] in {EVERY, name}:
            yield from places(each, way[1:], (*place, name.replace("~", "~0").replace("/", "~1")))


def is_left(before: Any, after: Any) -> bool:
    """Whether a field says what it said."""
    if isinstance(before, dict | LargeObject) or isinstance(after, dict | LargeObject):
        return bool(loaded(before or {}) == loaded(after or {}))
    return bool((before or None) == (after or None))


def permission_columns(permissions: Iterable[MemberPermission]) -> list[dict[str, Any]]:
    """As `content_types.member_permissions` has them."""
    return [{"member": each.member, "permission": each.permission} for each in permissions]


def field_of(member: str) -> str:
    """What a request calls it: `document.details.parts.*.fee`."""
    return DETAILS + member.replace("/", ".") if member.startswith("/") else f"document.{member}"
