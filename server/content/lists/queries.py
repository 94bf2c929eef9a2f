"""SQL: documents in parts, filtered and sorted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Uuid,
    bindparam,
    func,
    literal_column,
    select,
    tuple_,
    union_all,
)

from server.content.documents import approvals, planned
from server.content.documents.queries import LIMITS, LONG, OWN, SHORT, above
from server.content.lists.filters import conditions
from server.content.lists.orders import FIELDS, Term, terms
from server.content.models import Document, Revision
from server.content.types.reading import moved_version, pending
from server.rpc.answers import MOST_OF_A_LIST
from server.rpc.lists.walks import Order
from server.stores.statements import Statement

MOST_COUNTED = 10_000
"""A total up to which documents are counted one by one."""

LAST_ID = bindparam("last_id", type_=Uuid())


def documents(filters: Collection[str], order: Order, limit: int, *, goes_on: bool, is_full: bool) -> Statement:
    """Reads documents, without what is long unless they are to be full: at least `limit`, if there are so many and an answer
    has room for them. Of the filters those are applied that are named. One that `goes_on` takes the `place` that was seen last.
    Full ones come with how many were `found`."""
    return listing(frozenset(filters), order, next(each for each in LIMITS if each >= limit), goes_on, is_full)


def place(order: Order, key: Sequence[str]) -> dict[str, Any]:
    """What a list that goes on behind this place is given."""
    given = {f"last_{at}": FIELDS[term.field].read(key[at]) for at, term in enumerate(terms(order))}
    return given | {"last_id": key[-1]}


@cache
def listing(filters: frozenset[str], order: Order, limit: int, goes_on: bool, is_full: bool) -> Statement:
    by = terms(order)
    keys = [FIELDS[term.field].key.label(f"key_{at}") for at, term in enumerate(by)]
    matching = select(*OWN, *keys).where(*conditions(filters))
    # Limited before they are joined: each has one newest revision, but PostgreSQL cannot know that.
    parts = behind(matching, by) if goes_on else [matching]
    first = limited(parts[0], by, limit).subquery("first")
    if len(parts) > 1:
        both = union_all(*(select(limited(part, by, limit).subquery()) for part in parts)).subquery("both")
        first = select(both).order_by(*sort(by, columns(both.c, by))).limit(literal_column(str(limit))).subquery("first")
    newest = (Revision.document_id == first.c.id) & (Revision.number == first.c.revision_number)
    sorted_so = sort(by, columns(first.c, by))
    shown: tuple[Any, ...] = first, *SHORT, *planned.COLUMNS, *approvals.columns(first.c, is_short=True), moved_version(first.c)
    if not is_full:
        short = planned.joined(select(*shown).select_from(first).join(Revision, newest), first.c.id)
        return Statement(short.order_by(*sorted_so))
    shown += (
        *LONG,
        Revision.content_type_version,
        pending(first.c.content_type),
        above(*sorted_so),
        func.count().over().label("found"),
    )
    whole = planned.joined(select(*shown).select_from(first).join(Revision, newest), first.c.id).subquery()
    fitting = select(*whole.c).where(whole.c.above < MOST_OF_A_LIST)
    return Statement(fitting.order_by(*sort(by, columns(whole.c, by))))


def behind(matching: Select[Any], by: Sequence[Term]) -> list[Select[Any]]:
    """What comes behind a place: by two fields in two parts, each of which an index finds the beginning of."""
    seen = [bindparam(f"last_{at}", type_=FIELDS[term.field].key.type) for at, term in enumerate(by)]
    key = FIELDS[by[-1].field].key
    ahead, last = tuple_(key, Document.id), tuple_(seen[-1], LAST_ID)
    rest = ahead < last if by[-1].is_descending else ahead > last
    if len(by) == 1:
        return [matching.where(rest)]
    first = FIELDS[by[0].field].key
    return [
        matching.where(first == seen[0], rest),
        matching.where(first < seen[0] if by[0].is_descending else first > seen[0]),
    ]


def limited(statement: Select[Any], by: Sequence[Term], limit: int) -> Select[Any]:
    return statement.order_by(*sort(by, [*(FIELDS[term.field].key for term in by), Document.id])).limit(
        literal_column(str(limit))
    )


def columns(of: Any, by: Sequence[Term]) -> list[Any]:
    return [*(of[f"key_{at}"] for at in range(len(by))), of["id"]]


def sort(by: Sequence[Term], keys: Sequence[Any]) -> list[ColumnElement[Any]]:
    """The keys in the directions of the terms; the id, which comes last, in that of the last one."""
    directions = [*(term.is_descending for term in by), by[-1].is_descending]
    return [key.desc() if is_descending else key for key, is_descending in zip(keys, directions, strict=True)]


@cache
def count(filters: frozenset[str]) -> Statement:
    """How many match, as far as they are counted: one more than MOST_COUNTED for all beyond."""
    some: Select[Any] = select(literal_column("1").label("one")).select_from(Document).where(*conditions(filters))
    return Statement(select(func.count()).select_from(some.limit(literal_column(str(MOST_COUNTED + 1))).subquery()))
