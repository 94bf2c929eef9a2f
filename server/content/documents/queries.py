"""SQL: documents, with what their newest revisions say."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, bindparam, column, exists, literal_column, select, table, tuple_
from sqlalchemy.dialects.postgresql import TIMESTAMP

from server.content.models import Document, Revision
from server.stores.statements import Statement

ORGANISATIONS = table("organisations", column("id"))

WORDS = (Revision.title, Revision.summary, Revision.links, Revision.tags, Revision.attachments, Revision.body_format)
"""What a list shows of a revision. Its path is the document's."""
WHOLE = (Document.__table__, *WORDS, Revision.body, Revision.details)
NEWEST = (Revision.document_id == Document.id) & (Revision.number == Document.revision_number)
IS_ASKED_FOR = Document.id == bindparam("id", type_=Uuid())

DOCUMENT = Statement(select(*WHOLE).join(Revision, NEWEST).where(IS_ASKED_FOR))
"""Reads one as it stands; nobody is kept from changing it."""

ORGANISATION_EXISTS = Statement(select(exists().where(ORGANISATIONS.c.id == bindparam("id", type_=Uuid()))))

EQUAL = ("organisation_id", "content_type", "locale", "draft_state", "live_state")
FILTERS: dict[str, ColumnElement[bool]] = {
    "organisations": Document.organisation_id == any_(bindparam("organisations", type_=ARRAY(Uuid()))),
    "before_time": tuple_(Document.update_time, Document.id)
    < tuple_(bindparam("before_time", type_=TIMESTAMP(timezone=True)), bindparam("before_id", type_=Uuid())),
    **{each.key: each == bindparam(each.key, type_=each.type) for each in Document.__table__.c if each.key in EQUAL},
}
LIMITS = (21, 51, 101, 201)
"""How many rows a list reads at most. PostgreSQL plans for a number that stands in the statement, and for a tenth of the table
if it is a parameter; so the next higher one of a few does."""


def documents(filters: Collection[str], limit: int) -> Statement:
    """Reads documents without body and details, newest change first, at least `limit` if there are so many. Of FILTERS those
    are applied that are named; each takes the parameter of its name, and `before_time` also `before_id`."""
    return listing(frozenset(filters), next(each for each in LIMITS if each >= limit))


@cache
def listing(filters: frozenset[str], limit: int) -> Statement:
    statement = select(Document).where(*(FILTERS[name] for name in sorted(filters)))
    # Limited before they are joined: each has one newest revision, but PostgreSQL cannot know that.
    first = statement.order_by(Document.update_time.desc(), Document.id.desc()).limit(literal_column(str(limit))).subquery()
    newest = (Revision.document_id == first.c.id) & (Revision.number == first.c.revision_number)
    return Statement(select(first, *WORDS).join(Revision, newest).order_by(first.c.update_time.desc(), first.c.id.desc()))
