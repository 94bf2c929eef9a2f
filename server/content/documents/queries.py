"""SQL: documents, with what their newest revisions say."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import ARRAY, Integer, Uuid, any_, bindparam, column, exists, select, table, tuple_
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

LISTED = select(Document.__table__, *WORDS).join(Revision, NEWEST)
FILTERS: dict[str, Any] = {
    "organisations": Document.organisation_id == any_(bindparam("organisations", type_=ARRAY(Uuid()))),
    "before_time": tuple_(Document.update_time, Document.id)
    < tuple_(bindparam("before_time", type_=TIMESTAMP(timezone=True)), bindparam("before_id", type_=Uuid())),
    **{
        name: Document.__table__.c[name] == bindparam(name, type_=Document.__table__.c[name].type)
        for name in ("organisation_id", "content_type", "locale", "draft_state", "live_state")
    },
}


@cache
def documents(filters: frozenset[str]) -> Statement:
    """Reads documents without body and details, newest change first. Of FILTERS those are applied that are named; each takes
    the parameter of its name, and `before_time` also `before_id`."""
    statement = LISTED.where(*(FILTERS[name] for name in sorted(filters)))
    statement = statement.order_by(Document.update_time.desc(), Document.id.desc())
    return Statement(statement.limit(bindparam("limit", type_=Integer())))
