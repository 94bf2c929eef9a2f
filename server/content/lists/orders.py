"""What lists of documents are sorted by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import literal_column
from sqlalchemy.dialects.postgresql import TIMESTAMP

from server.content.models import PUBLISH_TIME_KEY, Document
from server.rpc.failures import InvalidArgument, Violation
from server.rpc.lists.walks import DESCENDING, Order

TIME = TIMESTAMP(timezone=True)
BETWEEN = ", "
NEVER_MOVES, CHANGES = "create_time", Order("update_time", is_newest_first=False)


class Field(NamedTuple):
    """Something that documents are sorted by."""

    key: Any
    """As an index has it."""
    said: Callable[[Any], Any] = str
    """What a token says of it."""
    read: Callable[[str], Any] = str
    """The same, read again."""


FIELDS = {
    "content_type": Field(Document.content_type),
    "title": Field(Document.title_key),
    "path": Field(Document.path),
    "create_time": Field(Document.create_time, datetime.isoformat, datetime.fromisoformat),
    "update_time": Field(Document.update_time, datetime.isoformat, datetime.fromisoformat),
    "publish_time": Field(literal_column(PUBLISH_TIME_KEY, TIME), datetime.isoformat, datetime.fromisoformat),
}


class Term(NamedTuple):
    """One of the fields of an order."""

    field: str
    is_descending: bool


class FieldTwice(InvalidArgument):
    """The second one would sort nothing."""

    def __init__(self) -> None:
        super().__init__(Violation("order_by", "names a field twice"))


@cache
def terms(order: Order) -> tuple[Term, ...]:
    """The first term, and the second one if there are two. Raises FieldTwice."""
    named = order.field + (DESCENDING if order.is_newest_first else "")
    found = tuple(Term(each.removesuffix(DESCENDING), each.endswith(DESCENDING)) for each in named.split(BETWEEN))
    if len({term.field for term in found}) < len(found):
        raise FieldTwice
    return found


def moves(order: Order) -> bool:
    """Whether what is changed gets another place."""
    return terms(order)[0].field != NEVER_MOVES


def changes(order: Order) -> Order | None:
    """In which order a walk meets at its end what was changed since it began; None where it does by its own."""
    return None if order.field in {CHANGES.field, NEVER_MOVES} else CHANGES
