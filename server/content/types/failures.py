"""What may not be done to content types, and to members of documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from google.protobuf.message import Message
from google.rpc import error_details_pb2

from gazette.access.v1.access_pb2 import Permission
from gazette.content.v1.content_type_change_pb2 import InvalidDocument
from server.rpc.failures import (
    MAX_DESCRIPTION,
    MAX_FIELD,
    MAX_VIOLATIONS,
    FailedPrecondition,
    InvalidArgument,
    PermissionDenied,
    Unavailable,
    Violation,
    cut,
)


class DocumentsWouldBeInvalid(FailedPrecondition):
    """There are documents that do not satisfy the content type as it was to be."""

    reason = "DOCUMENTS_WOULD_BE_INVALID"

    def __init__(self, count: int, first: Sequence[InvalidDocument], *, unmovable_count: int = 0) -> None:
        if unmovable_count:
            told = f"{of(unmovable_count)} what was to be moved cannot be. Mend that first."
        else:
            told = f"{of(count)} this would make something invalid. Mend those first, or accept it."
        super().__init__(told, count=str(count), unmovable_count=str(unmovable_count))
        self.first = first

    def details(self) -> Iterable[Message]:
        """The first of them, as far as they fit."""
        told = error_details_pb2.PreconditionFailure()
        for each in self.first:
            wrong = "; ".join(
                ": ".join(filter(None, (self.names.field(one.field), one.description))) for one in each.violations
            )
            place = cut(f"{each.id} {each.path}", MAX_FIELD)
            added = told.violations.add(type="DOCUMENT", subject=place, description=cut(wrong, MAX_DESCRIPTION))
            if told.ByteSize() > MAX_VIOLATIONS and len(told.violations) > 1:
                told.violations.remove(added)
                break
        return (told,) if self.first else ()


def of(count: int) -> str:
    return "In 1 document" if count == 1 else f"In {count} documents"


class CheckNeeded(FailedPrecondition):
    """There is more to be looked at than one call has time for."""

    reason = "CHECK_NEEDED"

    def __init__(self, count: int, most: int) -> None:
        super().__init__(
            f"{count} documents would have to be looked at, and {most} can be in one call. Ask CheckContentType first, part by "
            "part, and give its `check_token`.",
            count=str(count),
        )


class Hindered(Unavailable):
    """Too much is being saved."""

    message = "Documents are being saved faster than they can be looked at. Try again."


class ContentTypeInUse(FailedPrecondition):
    """There are documents of it."""

    reason = "CONTENT_TYPE_IN_USE"
    message = "There are documents of this content type."


class InvalidMove(InvalidArgument):
    """Nothing can be moved so."""

    reason = "INVALID_MOVE"

    def __init__(self, number: int, field: str, description: str) -> None:
        super().__init__(Violation(f"content_type.moves[{number}].{field}", description))


class TooManyMoves(InvalidArgument):
    """All that was ever moved has to be moved again whenever something old is read."""

    reason = "INVALID_MOVE"

    def __init__(self, count: int, most: int) -> None:
        super().__init__(
            Violation("content_type.moves", f"would make {count} in the life of the content type, which may make {most}")
        )


class FieldForbidden(PermissionDenied):
    """The caller may write the document, but not all parts of it."""

    reason = "FIELD_FORBIDDEN"

    def __init__(self, fields: Sequence[tuple[str, int]]) -> None:
        """Which, each with the permission that it needs."""
        self.fields = fields
        named = [*dict.fromkeys(name for name, _ in fields)]
        told = ", ".join(f"`{name}`" for name in named)
        super().__init__(f"You may not write {told} here.", fields=cut(", ".join(named), MAX_FIELD))

    def details(self) -> Iterable[Message]:
        """The fields, as far as they fit."""
        bad = error_details_pb2.BadRequest()
        for field, permission in self.fields:
            needs = f"needs {Permission.Name(Permission.ValueType(permission))}"
            told = bad.field_violations.add(field=cut(self.names.field(field), MAX_FIELD), description=needs)
            if bad.ByteSize() > MAX_VIOLATIONS and len(bad.field_violations) > 1:
                bad.field_violations.remove(told)
                break
        return (bad,)
