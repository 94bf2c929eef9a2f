"""SQL: the revisions of a document, and discarding the newest ones."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Integer, Select, Uuid, bindparam, func, literal_column, select

from server import audit
from server.content.documents import discarding
from server.content.documents import queries as documents
from server.content.documents.writing import changed
from server.content.models import Document, Revision
from server.rpc.answers import MOST_OF_A_LIST
from server.stores.statements import Statement

OF = bindparam("document_id", type_=Uuid())
LAST = 2**31 - 1

SHORT = (
    Revision.document_id,
    Revision.number,
    Revision.path,
    *documents.SHORT,
    Revision.author_id,
    Revision.create_time,
    Revision.version,
    Revision.content_type,
    Revision.content_type_version,
    Revision.restored_from_revision_number,
)
"""What a list shows if it is not asked for more."""


def newest(limit: int, *columns: Any) -> Select[Any]:
    below = func.coalesce(bindparam("before", type_=BigInteger()), LAST)
    statement = select(*columns).where(Revision.document_id == OF, Revision.number < below)
    return statement.order_by(Revision.number.desc()).limit(literal_column(str(limit)))


def revisions(limit: int, *, is_full: bool) -> Statement:
    """Reads at least so many, if there are, newest first, from below the number `before`; None for all. Full ones say all that
    they do, and are fewer where they are large."""
    return listing(next(each for each in documents.LIMITS if each >= limit), is_full)


@cache
def listing(limit: int, is_full: bool) -> Statement:
    if not is_full:
        return Statement(newest(limit, *SHORT))
    whole = newest(limit, *SHORT, *documents.LONG, documents.above(Revision.number.desc())).subquery()
    return Statement(select(whole).where(whole.c.above < MOST_OF_A_LIST).order_by(whole.c.number.desc()))


IS_NUMBERED = (Revision.document_id == Document.id) & (Revision.number == bindparam("number", type_=Integer()))
REVISION = Statement(
    select(Document.organisation_id, *SHORT, *documents.LONG, Revision.notices)
    .select_from(Document)
    .outerjoin(Revision, IS_NUMBERED)
    .where(Document.id == OF, documents.IS_THERE)
)
"""One revision, with all that it says, and whose the document is. Without a number there is no such revision."""


def discard() -> Statement:
    document = changed("draft_state", *discarding.COLUMNS)
    return Statement(select(document).add_cte(*discarding.parts(document), *audit.inserts(document)))


DISCARD = discard()
"""The draft is discarded; what the public sees stays as it is."""
