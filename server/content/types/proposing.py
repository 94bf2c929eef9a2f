"""What a content type is to become: decided before any document is looked at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from google.protobuf.field_mask_pb2 import FieldMask

from gazette.content.v1.content_type_member_pb2 import MemberMove
from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.content_type_service_pb2 import CheckContentTypeRequest, UpdateContentTypeRequest
from server.content.types import policies
from server.content.types.checking import terms
from server.content.types.failures import InvalidMove, TooManyMoves
from server.content.types.judging import Terms
from server.content.types.moving import MOST_IN_ALL, parts_of, pointers_moved, steps
from server.stores.postgres import AnyRow


class Proposal(NamedTuple):
    """A content type, and what it is to become."""

    row: AnyRow
    """As it stands."""
    columns: Mapping[str, Any]
    """What changes."""
    now: Terms
    before: Terms

    @property
    def concerns_documents(self) -> bool:
        return self.now != self.before


def standing(row: AnyRow) -> Proposal:
    """Nothing is to change."""
    said = terms(row.details_schema, row.body_member, row.moves)
    return Proposal(row, {}, said, said)


def proposed(row: AnyRow, wanted: ContentType, fields: Collection[str], columns: Mapping[str, Any]) -> Proposal:
    """Of a content type, with the new values of these fields. Raises InvalidMove, TooManyMoves."""
    changed = {name: columns[name] for name in policies.columns_named(fields) if name != "moves"}
    moves = [*wanted.moves] if "moves" in fields else []
    body_members = {row.body_member, changed.get("body_member", "")} - {""}
    check_moves(moves, body_members)
    if moves:
        if len(row.moves) + len(moves) > MOST_IN_ALL:
            raise TooManyMoves(len(row.moves) + len(moves), MOST_IN_ALL)
        made = [{"version": row.version + 1, "source": each.source, "target": each.target} for each in moves]
        changed["moves"] = [*row.moves, *made]
        changed.setdefault("html_members", pointers_moved(row.html_members, moves))
        changed.setdefault("member_permissions", permissions_moved(row.member_permissions, moves))
    schema, body_member = changed.get("details_schema", row.details_schema), changed.get("body_member", row.body_member)
    now = terms(schema, body_member, changed.get("moves", row.moves))
    return Proposal(row, changed, now, terms(row.details_schema, row.body_member, row.moves))


def check_moves(moves: Sequence[MemberMove], body_members: Collection[str]) -> None:
    """Raises InvalidMove."""
    for number, each in enumerate(moves):
        try:
            steps(each.source, each.target)
        except ValueError as error:
            raise InvalidMove(number, "target", str(error)) from None
        for name in ("source", "target"):
            if parts_of(getattr(each, name))[0] in body_members:
                raise InvalidMove(number, name, "is where the schema expects the body, which is no member of details")


def permissions_moved(permissions: Sequence[Mapping[str, Any]], moves: Sequence[MemberMove]) -> list[dict[str, Any]]:
    """What is needed to write members, once they have moved."""
    return [
        {"member": member, "permission": each["permission"]}
        for each in permissions
        for member in (
            pointers_moved([each["member"]], moves, with_what_is_below=True)
            if each["member"].startswith("/")
            else [each["member"]]
        )
    ]


def named(request: UpdateContentTypeRequest, page_token: str | None = None) -> CheckContentTypeRequest:
    """What names a change, whoever asks for it: to check it or to make it."""
    paths = sorted(set(request.update_mask.paths))
    wanted = ContentType()
    FieldMask(paths=paths).MergeMessage(request.content_type, wanted)
    wanted.name, wanted.etag = request.content_type.name, request.content_type.etag
    change = UpdateContentTypeRequest(content_type=wanted, update_mask=FieldMask(paths=paths))
    return CheckContentTypeRequest(name=wanted.name, change=change, page_token=page_token or "")
