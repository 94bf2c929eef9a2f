"""What the service refuses, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator

import click
from google.protobuf.json_format import MessageToJson

from gazette.content.v1.merging_pb2 import FieldConflict
from gazette_client import GazetteError
from gazette_client.errors import DeadlineExceeded, Unauthenticated, Unavailable

TROUBLE = (Unavailable, DeadlineExceeded, Unauthenticated)
"""What says nothing of the document, but that the service cannot be asked at all."""
LONGEST = 200
"""Characters of a value that are shown."""


class Refusal(click.ClickException):
    """The service has refused it; nothing has changed."""

    def __init__(self, error: GazetteError) -> None:
        super().__init__("\n".join(lines(error)))


def lines(error: GazetteError) -> Iterator[str]:
    """The reason, and a line for each field that is wrong, each condition that is not met, and what collides."""
    yield f"{error.reason}: {error.message}" if error.reason else str(error)
    for field, description in error.field_violations:
        if error.message != f"{field}: {description}":
            yield f"  {field}: {description}"
    for reason, subject, description in error.preconditions:
        if (reason, description) != (error.reason, error.message):
            yield f"  {reason}: {subject}: {description}"
    if error.edit_conflict:
        if names := [each.display_name or each.account_id for each in error.edit_conflict.saved_by]:
            yield f"  saved meanwhile by {', '.join(names)}: {', '.join(error.edit_conflict.fields) or 'nothing that differs'}"
        for conflict in error.edit_conflict.conflicts:
            yield from collision(conflict)


def collision(conflict: FieldConflict) -> Iterator[str]:
    if not conflict.hunks:
        yield f"  {conflict.field}:"
        for whose in ("theirs", "yours"):
            said = MessageToJson(getattr(conflict, whose), indent=None, ensure_ascii=False) if conflict.HasField(whose) else "—"
            yield f"    {whose}: {short(said)}"
    for hunk in conflict.hunks:
        yield f"  {conflict.field}, line {hunk.yours_line}:"
        yield f"    theirs: {short(hunk.theirs)}"
        yield f"    yours: {short(hunk.yours)}"


def short(text: str) -> str:
    said = " ".join(text.split())
    return said if len(said) <= LONGEST else f"{said[:LONGEST]}…"
