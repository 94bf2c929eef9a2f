"""SQL: a draft's steps through review, and what was said in them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Integer,
    Uuid,
    and_,
    bindparam,
    cast,
    func,
    insert,
    not_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from server import audit
from server.content.documents.approvals import COMMENTS_ARE_UNCHANGED, verdict_of
from server.content.documents.queries import asked_for
from server.content.documents.writing import changed
from server.content.models import Document, Review, Revision
from server.content.review.rules import FORCE_COLUMNS
from server.content.types import held as types
from server.stores.parameters import given
from server.stores.statements import Statement

SAID = ("revision_number", "account_id", "draft_state", "verdict", "comment")

EARLIER = aliased(Revision)
SAYS_WHAT_IS_PUBLIC = func.coalesce(EARLIER.restored_from_revision_number, 0) == func.coalesce(
    Document.live_revision_number, -1
)
"""Whoever gave a draft up has written nothing that anybody would have to approve."""
APPROVED_BEFORE = func.coalesce(Document.force_base_number, Document.live_revision_number, 0)
"""The last revision that was published with approvals."""
IS_SINCE = and_(EARLIER.document_id == Document.id, EARLIER.number > APPROVED_BEFORE, not_(SAYS_WHAT_IS_PUBLIC))
ONCE = aliased(Revision)
SAID_BEFORE = and_(ONCE.document_id == EARLIER.document_id, ONCE.number == EARLIER.restored_from_revision_number)
"""Of a revision that was restored, the one whose words it says again: their author is one of its authors."""
WROTE = select(EARLIER.author_id.label("id")).where(IS_SINCE)
WROTE_BEFORE = select(ONCE.author_id.label("id")).select_from(EARLIER).join(ONCE, SAID_BEFORE).where(IS_SINCE)
AUTHORS = WROTE.correlate(Document).union(WROTE_BEFORE.correlate(Document)).scalar_subquery()
REVIEWED = Statement(asked_for(func.array_append(func.array(AUTHORS), Document.force_account_id).label("authors")))
"""Reads a document with those who wrote its revisions since the last publication that was approved, and who published one since
by force."""


def step(*more: str, conditions: tuple[ColumnElement[bool], ...] = ()) -> Statement:
    """Takes the draft into its next state, with what was said to it, at the time of the change."""
    document = changed("draft_state", *more, conditions=conditions)
    said: Any = select(document.c.id, document.c.update_time, *given("review", Review, SAID))
    review = insert(Review).from_select(["document_id", "create_time", *SAID], said).cte("review")
    return Statement(select(document).add_cte(review, *audit.inserts(document)))


STEP = step()
COMPLETE_STEP = step(conditions=(types.IS_UNCHANGED,))
"""For a draft that satisfies its content type."""
APPROVAL = step(conditions=(types.IS_UNCHANGED, COMMENTS_ARE_UNCHANGED))
"""The same, where no comment blocks it."""
PUBLICATION_APPROVAL = step(*FORCE_COLUMNS)

BEFORE = func.coalesce(bindparam("before", type_=BigInteger()), 2**63 - 1)
REVIEWS = Statement(
    select(
        Review.id.label("number"),
        verdict_of(Review).label("verdict"),
        Review.revision_number,
        Review.account_id,
        Review.comment,
        Review.create_time,
    )
    .where(Review.document_id == bindparam("document_id", type_=Uuid()), Review.id < BEFORE)
    .order_by(Review.id.desc())
    .limit(bindparam("limit", type_=Integer()))
)
"""Newest first, from below the number `before`; None for all."""

IS_FORCED = Document.force_time.is_not(None)
UNTOLD = (
    select(
        Document.id,
        Document.organisation_id,
        Document.live_path,
        Document.force_account_id,
        Document.force_time,
        Document.force_reason,
        Revision.title,
    )
    .join(Revision, (Revision.document_id == Document.id) & (Revision.number == Document.force_revision_number))
    .where(IS_FORCED, Document.force_mail_time.is_(None))
    .order_by(Document.force_time)
    .limit(1)
    .with_for_update(of=Document, key_share=True, skip_locked=True)
)
"""A publication by force that nobody has been told of, which no other process is given meanwhile."""
TOLD = update(Document).where(Document.id == bindparam("told_id", type_=Uuid())).values(force_mail_time=func.clock_timestamp())
FORCED_STANDING = Statement(
    select(
        func.count().label("unapproved"),
        func.count().filter(Document.force_mail_time.is_(None)).label("untold"),
        cast(func.extract("epoch", func.clock_timestamp() - func.min(Document.force_time)), Double()).label("oldest_seconds"),
    ).where(IS_FORCED)
)
"""How many nobody has approved, of how many of these nobody was told, and for how long the first of them has been waiting."""
