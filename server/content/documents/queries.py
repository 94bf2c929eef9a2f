"""SQL: documents, with what their newest revisions say."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Label,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    column,
    exists,
    func,
    select,
    table,
)

from server.content.documents import approvals, planned
from server.content.models import Document, Revision, is_there
from server.content.types.reading import MOVES
from server.stores.statements import Statement

ORGANISATIONS = table("organisations", column("id"))
UNCOMPRESSED = 2_000
"""Bytes below which PostgreSQL stores a value as it is."""

SHORT = (Revision.title, Revision.summary, Revision.tags, Revision.body_format)
"""What a list shows of a revision if it is not asked for more. Its path is the document's."""
LONG = (Revision.body, Revision.details, Revision.links, Revision.attachments)
FOR_LISTS = {"newest_title", "newest_summary", "newest_tags", "newest_author_id", "title_key", "words"}
OWN = tuple(each for each in Document.__table__.c if each.key not in FOR_LISTS)
"""What a document is read with: what the newest revision says, that one says itself."""
WHOLE = (*OWN, *SHORT, *LONG, *MOVES)
NEWEST = (Revision.document_id == Document.id) & (Revision.number == Document.revision_number)


IS_THERE = is_there(Document)
"""Whether it is not deleted: nothing else is read, but by those who look for what is. Who looks for one by its path or its
translation key says so, since the indexes hold no others."""
IS_DELETED = and_(Document.delete_time.is_not(None), Document.delete_version == Document.version)
IS_ASKED_FOR = and_(Document.id == bindparam("id", type_=Uuid()), IS_THERE)


def asked_for(*more: Any, which: ColumnElement[bool] = IS_ASKED_FOR) -> Select[Any]:
    """The document `id`, with what its newest revision says, who has approved it, what is scheduled of it, and `more`."""
    columns = *WHOLE, *planned.COLUMNS, *approvals.columns(Document), *more
    statement = select(*columns).select_from(Document).join(Revision, NEWEST)
    return planned.joined(statement, Document.id).where(which)


DOCUMENT = Statement(asked_for(Revision.notices))
"""Reads one as it stands; nobody is kept from changing it."""

WHOSE = Statement(select(Document.organisation_id).where(Document.id == bindparam("document_id", type_=Uuid()), IS_THERE))
"""The organisation of the document `document_id`."""

ORGANISATION_EXISTS = Statement(select(exists().where(ORGANISATIONS.c.id == bindparam("id", type_=Uuid()))))

DETAILS_SIZE = case(
    (func.pg_column_size(Revision.details) < UNCOMPRESSED, func.pg_column_size(Revision.details)),
    else_=func.octet_length(cast(Revision.details, Text)),
)
SIZE = func.coalesce(Revision.size_bytes, func.octet_length(Revision.body) + DETAILS_SIZE)
"""Of all that a revision says: as it was counted, or else about that."""
LIMITS = (21, 51, 101, 201)
"""How many rows a list reads at most. PostgreSQL plans for a number that stands in the statement, and for a tenth of the table
if it is a parameter; so the next higher one of a few does."""


def above(*order: Any) -> Label[int]:
    """Bytes of the revisions that stand before one, in this order. Where there are too many, none of what follows is read."""
    return func.coalesce(func.sum(SIZE).over(order_by=order, rows=(None, -1)), 0).label("above")
