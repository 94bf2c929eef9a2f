"""SQL: the revisions of a document."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Integer, Select, Uuid, bindparam, func, select

from server.content.documents import queries as documents
from server.content.models import Document, Revision
from server.rpc.answers import MOST_OF_A_LIST
from server.stores.statements import Statement

OF = bindparam("document_id", type_=Uuid())
LAST = 2**31 - 1

ORGANISATION = Statement(select(Document.organisation_id).where(Document.id == OF))
"""Whose the document is."""
SHORT = (
    Revision.document_id, Revision.number, Revision.path, *documents.SHORT, Revision.author_id, Revision.create_time,
    Revision.version,
)  # fmt: skip
"""What a list shows if it is not asked for more."""


def newest(*columns: Any) -> Select[Any]:
    below = func.coalesce(bindparam("before", type_=BigInteger()), LAST)
    statement = select(*columns).where(Revision.document_id == OF, Revision.number < below)
    return statement.order_by(Revision.number.desc()).limit(bindparam("limit", type_=Integer()))


REVISIONS = Statement(newest(*SHORT))
"""Newest first, from below the number `before`; None for all."""
WHOLE = newest(*SHORT, *documents.LONG, documents.above(Revision.number.desc())).subquery()
FULL_REVISIONS = Statement(select(WHOLE).where(WHOLE.c.above < MOST_OF_A_LIST).order_by(WHOLE.c.number.desc()))
"""The same, with all that they say. Fewer than the limit, where they are large."""
