"""SQL: review dates, what is due, and whose it is."""

from __future__ import annotations

from sqlalchemy import ARRAY, TIMESTAMP, Uuid, any_, bindparam, func, literal_column, select, union, update

from server import audit
from server.content.documents.writing import changed
from server.content.models import Document, Review, Revision
from server.stores.statements import Statement

SET = ("review_by_time", "review_interval", "review_mail_time")
CONFIRMED = ("review_by_time", "reviewed_time", "reviewer_id", "review_mail_time")


def change(*columns: str) -> Statement:
    document = changed(*columns)
    return Statement(select(document).add_cte(*audit.inserts(document)))


SETTING, CONFIRMING = change(*SET), change(*CONFIRMED)

IDS = bindparam("ids", type_=ARRAY(Uuid()))
IS_PAGE = Document.live_state == literal_column("1")
IS_NEWS = (
    IS_PAGE,
    Document.review_by_time <= bindparam("until", type_=TIMESTAMP(timezone=True)),
    Document.review_mail_time.is_(None),
)
"""It is due, and nobody was told."""
MOST = 500
"""Documents that people are told of at a time."""
LIVE = (Revision.document_id == Document.id) & (Revision.number == Document.live_revision_number)
DUE = Statement(
    select(Document.id, Document.organisation_id, Document.live_path.label("path"), Revision.title)
    .join(Revision, LIVE)
    .where(*IS_NEWS)
    .order_by(Document.review_by_time, Document.id)
    .limit(MOST)
)

OF_IT = Document.id == any_(IDS)
INVOLVED = Statement(
    union(
        select(Document.id, Revision.author_id.label("account_id")).join(Revision, LIVE).where(OF_IT),
        select(Document.id, Review.account_id)
        .join(Review, (Review.document_id == Document.id) & (Review.revision_number == Document.live_revision_number))
        .where(OF_IT),
        select(Document.id, Document.reviewer_id).where(OF_IT, Document.reviewer_id.is_not(None)),
    )
)
"""Who wrote what the public sees of these documents, who reviewed that, and who confirmed it last."""

FREE = select(Document.id).where(OF_IT, *IS_NEWS).with_for_update(skip_locked=True)
TELLING = update(Document).where(Document.id.in_(FREE)).values(review_mail_time=func.now()).returning(Document.id)
"""Marks those of the documents that are news, which whoever commits it tells people of. What somebody changes at the moment is
left for the next time."""
