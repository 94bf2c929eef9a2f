"""SQL: a document is deleted, found among what is, brought back, or erased."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Integer, Uuid, bindparam, func, not_, select, update

from server import audit, organisations
from server.content.documents import approvals, planned
from server.content.documents.discarding import previews_ended
from server.content.documents.queries import IS_DELETED, IS_THERE, NEWEST, WHOLE
from server.content.documents.views import KEPT
from server.content.documents.writing import CHANGE_TIME, ID, IS_TRANSLATED_ELSEWHERE, changed, copied
from server.content.models import ChangeNote, Comment, Document, PreviewLink, Reference, Review, Revision, Schedule
from server.content.transitions import DRAFT, NOWHERE
from server.stores.retention import Expired
from server.stores.statements import Statement

MARGIN = timedelta(hours=1)
"""What is brought back at the last moment is not being erased."""


def deletion() -> Statement:
    """Nothing that was to come of the document comes any more."""
    version = Document.version + 1
    statement = update(Document).where(
        Document.id == ID,
        Document.version == bindparam("document_version", type_=Integer()),
        Document.live_state == NOWHERE,
        IS_THERE,
    )
    statement = statement.values(
        version=version, delete_version=version, delete_time=CHANGE_TIME, update_time=CHANGE_TIME, draft_state=DRAFT
    )
    document = statement.returning(Document.id, Document.delete_time, Document.update_time).cte("document")
    ended = planned.ended(document), planned.ended(document, planned.TAKE_DOWN), previews_ended(document)
    return Statement(select(document).add_cte(*ended, *audit.inserts(document)))


DELETION = deletion()

CAN_COME_BACK = Document.delete_time > func.clock_timestamp() - KEPT
DELETED = Statement(
    select(*WHOLE, *approvals.columns(Document), Revision.notices)
    .select_from(Document)
    .join(Revision, NEWEST)
    .where(Document.id == bindparam("id", type_=Uuid()), IS_DELETED, CAN_COME_BACK)
)
"""A document that can be brought back, with what its newest revision says."""


def undeletion(*, is_moved: bool) -> Statement:
    """Brings a document back, if it still is deleted, its path is the organisation's to use, and no other organisation has come
    to its translation key. One that is moved gets a revision that says so."""
    columns = ("path", "revision_number", "draft_state", "delete_time", "delete_version")
    conditions = (IS_DELETED, CAN_COME_BACK, organisations.ARE_UNCHANGED, not_(IS_TRANSLATED_ELSEWHERE))
    document = changed(*columns, conditions=conditions)
    parts: tuple[Any, ...] = (copied(document),) if is_moved else ()
    return Statement(select(document).add_cte(*parts, *audit.inserts(document)))


UNDELETION, UNDELETION_MOVED = undeletion(is_moved=False), undeletion(is_moved=True)

IS_OVER = (Document.delete_version == Document.version) & (Document.delete_time < func.now() - KEPT - MARGIN)
OVER = select(Document.id).where(IS_OVER)
OF_DOCUMENTS: tuple[Any, ...] = (Review, Comment, ChangeNote, Schedule, PreviewLink, Reference, Revision)
"""Everything that belongs to documents, in an order in which it can go."""


def expired() -> list[Expired]:
    """What is left of documents that cannot be brought back any more, and links that have been over for long."""
    of_deleted = [Expired(table, table.document_id.in_(OVER)) for table in OF_DOCUMENTS]
    return [*of_deleted, Expired(Document, IS_OVER), Expired(PreviewLink, PreviewLink.expire_time < func.now() - KEPT)]
