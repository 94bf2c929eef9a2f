"""SQL: the revisions of a document."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, Uuid, bindparam, func, select

from server.content.models import Document, Revision
from server.stores.statements import Statement

OF = bindparam("document_id", type_=Uuid())
LAST = 2**31 - 1

ORGANISATION = Statement(select(Document.organisation_id).where(Document.id == OF))
"""Whose the document is."""
REVISIONS = Statement(
    select(Revision.__table__)
    .where(Revision.document_id == OF, Revision.number < func.coalesce(bindparam("before", type_=BigInteger()), LAST))
    .order_by(Revision.number.desc())
    .limit(bindparam("limit", type_=Integer()))
)
"""Newest first, from below the number `before`; None for all."""
