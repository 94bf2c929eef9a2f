"""SQL: documents, with what their newest revisions say."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Label,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    cast,
    column,
    exists,
    func,
    literal_column,
    select,
    table,
    tuple_,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP

from server.content.documents import planned
from server.content.models import Document, Revision
from server.rpc.answers import MOST_OF_A_LIST
from server.rpc.lists.walks import Order
from server.stores.statements import Statement

ORGANISATIONS = table("organisations", column("id"))
UNCOMPRESSED = 2_000
"""Bytes below which PostgreSQL stores a value as it is."""

SHORT = (Revision.title, Revision.summary, Revision.tags, Revision.body_format)
"""What a list shows of a revision if it is not asked for more. Its path is the document's."""
LONG = (Revision.body, Revision.details, Revision.links, Revision.attachments)
WHOLE = (Document.__table__, *SHORT, *LONG)
NEWEST = (Revision.document_id == Document.id) & (Revision.number == Document.revision_number)
IS_ASKED_FOR = Document.id == bindparam("id", type_=Uuid())


def asked_for(*more: Any) -> Select[Any]:
    """The document `id`, with what its newest revision says, what is scheduled of it, and `more`."""
    statement = select(*WHOLE, *planned.COLUMNS, *more).select_from(Document).join(Revision, NEWEST)
    return planned.joined(statement, Document.id).where(IS_ASKED_FOR)


DOCUMENT = Statement(asked_for(Revision.notices))
"""Reads one as it stands; nobody is kept from changing it."""

ORGANISATION_EXISTS = Statement(select(exists().where(ORGANISATIONS.c.id == bindparam("id", type_=Uuid()))))

EQUAL = ("organisation_id", "content_type", "locale", "draft_state", "live_state")
FILTERS: dict[str, ColumnElement[bool]] = {
    "organisations": Document.organisation_id == any_(bindparam("organisations", type_=ARRAY(Uuid()))),
    **{each.key: each == bindparam(each.key, type_=each.type) for each in Document.__table__.c if each.key in EQUAL},
}
DETAILS_SIZE = case(
    (func.pg_column_size(Revision.details) < UNCOMPRESSED, func.pg_column_size(Revision.details)),
    else_=func.octet_length(cast(Revision.details, Text)),
)
SIZE = func.coalesce(Revision.size_bytes, func.octet_length(Revision.body) + DETAILS_SIZE)
"""Of all that a revision says: as it was counted, or else about that."""
LIMITS = (21, 51, 101, 201)
"""How many rows a list reads at most. PostgreSQL plans for a number that stands in the statement, and for a tenth of the table
if it is a parameter; so the next higher one of a few does."""


TIMES = {"create_time": Document.create_time, "update_time": Document.update_time}
"""What a list goes by, with the id where that is the same."""
LAST_SEEN = tuple_(bindparam("last_time", type_=TIMESTAMP(timezone=True)), bindparam("last_id", type_=Uuid()))

ACTIVITY = table("pg_stat_activity", column("datname", Text()), column("xact_start", TIMESTAMP(timezone=True)))
HORIZON = Statement(
    select(func.coalesce(func.min(ACTIVITY.c.xact_start), func.clock_timestamp())).where(
        ACTIVITY.c.datname == func.current_database()
    )
)
"""What commits from now on has no earlier `update_time` than this: a change reads the clock when it is made, in a transaction
that is among these, or begins later (`writing.CHANGE_TIME`)."""


def documents(filters: Collection[str], order: Order, limit: int, *, goes_on: bool, is_full: bool) -> Statement:
    """Reads documents, without what is long unless they are to be full: at least `limit`, if there are so many and an answer
    has room for them. Of FILTERS those are applied that are named; each takes the parameter of its name. One that `goes_on`
    takes the `last_time` and `last_id` that were seen. Full ones come with how many were `found`."""
    return listing(frozenset(filters), order, next(each for each in LIMITS if each >= limit), goes_on, is_full)


def above(*order: Any) -> Label[int]:
    """Bytes of the revisions that stand before one, in this order. Where there are too many, none of what follows is read."""
    return func.coalesce(func.sum(SIZE).over(order_by=order, rows=(None, -1)), 0).label("above")


@cache
def listing(filters: frozenset[str], order: Order, limit: int, goes_on: bool, is_full: bool) -> Statement:
    statement, time = select(Document).where(*(FILTERS[name] for name in sorted(filters))), TIMES[order.field]
    if goes_on:
        place = tuple_(time, Document.id)
        statement = statement.where(place < LAST_SEEN if order.is_newest_first else place > LAST_SEEN)
    # Limited before they are joined: each has one newest revision, but PostgreSQL cannot know that.
    first = statement.order_by(*sort(order, time, Document.id)).limit(literal_column(str(limit))).subquery()
    newest = (Revision.document_id == first.c.id) & (Revision.number == first.c.revision_number)
    sorted_so = sort(order, first.c[order.field], first.c.id)
    columns: tuple[Any, ...] = first, *SHORT, *planned.COLUMNS
    if not is_full:
        short = planned.joined(select(*columns).select_from(first).join(Revision, newest), first.c.id)
        return Statement(short.order_by(*sorted_so))
    columns += *LONG, above(*sorted_so), func.count().over().label("found")
    whole = planned.joined(select(*columns).select_from(first).join(Revision, newest), first.c.id).subquery()
    fitting = select(*whole.c).where(whole.c.above < MOST_OF_A_LIST)
    return Statement(fitting.order_by(*sort(order, whole.c[order.field], whole.c.id)))


def sort(order: Order, *columns: Any) -> list[ColumnElement[Any]]:
    return [each.desc() if order.is_newest_first else each for each in columns]
