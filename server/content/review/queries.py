"""SQL: a draft's steps through review."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, insert, not_, select
from sqlalchemy.orm import aliased

from server import audit
from server.content.documents.queries import asked_for
from server.content.documents.writing import changed
from server.content.models import Document, Review, Revision
from server.content.types import held as types
from server.stores.parameters import given
from server.stores.statements import Statement

SAID = ("revision_number", "account_id", "draft_state", "comment")

EARLIER = aliased(Revision)
SAYS_WHAT_IS_PUBLIC = func.coalesce(EARLIER.restored_from_revision_number, 0) == func.coalesce(
    Document.live_revision_number, -1
)
"""Whoever gave a draft up has written nothing that anybody would have to approve."""
AUTHORS = (
    select(EARLIER.author_id)
    .distinct()
    .where(
        EARLIER.document_id == Document.id,
        EARLIER.number > func.coalesce(Document.live_revision_number, 0),
        not_(SAYS_WHAT_IS_PUBLIC),
    )
)
REVIEWED = Statement(asked_for(func.array(AUTHORS.correlate(Document).scalar_subquery()).label("authors")))
"""Reads a document with those who wrote its revisions since the last publication."""


def step(*conditions: ColumnElement[bool]) -> Statement:
    """Takes the draft into its next state, with what was said to it."""
    document = changed("draft_state", conditions=conditions)
    said = select(document.c.id, *given("review", Review, SAID))
    review = insert(Review).from_select(["document_id", *SAID], said).cte("review")
    return Statement(select(document).add_cte(review, *audit.inserts(document)))


STEP = step()
COMPLETE_STEP = step(types.IS_UNCHANGED)
"""For a draft that satisfies its content type."""
