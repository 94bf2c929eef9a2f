"""SQL: who has approved a document's draft, and how many approvals it needs, as it is read with the document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Label, Select, and_, bindparam, case, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from gazette.content.v1.review_pb2 import ReviewVerdict
from server.content.models import ContentType, Document, Review
from server.content.transitions import APPROVED, CHANGES_REQUESTED, HAS_APPROVALS, IN_REVIEW

SHOWN_CHARACTERS = 2000
"""Of what was said with an approval. ListReviews has all of it."""
VERDICTS = {
    IN_REVIEW: ReviewVerdict.REVIEW_VERDICT_SUBMITTED,
    APPROVED: ReviewVerdict.REVIEW_VERDICT_APPROVED,
    CHANGES_REQUESTED: ReviewVerdict.REVIEW_VERDICT_CHANGES_REQUESTED,
}
"""What a step was that a process of the release before wrote, by the state that the draft came into."""
ENDING = [
    ReviewVerdict.REVIEW_VERDICT_SUBMITTED,
    ReviewVerdict.REVIEW_VERDICT_CHANGES_REQUESTED,
    ReviewVerdict.REVIEW_VERDICT_RECALLED,
]
"""What makes the approvals void that were given before."""


def number(value: int) -> ColumnElement[int]:
    """As it stands in the statement: no parameter, for there are many statements that have these."""
    return literal_column(str(int(value)))


def numbers(values: Iterable[int]) -> list[ColumnElement[int]]:
    return [number(each) for each in values]


def verdict_of(review: Any) -> Any:
    was = {state: number(verdict) for state, verdict in VERDICTS.items()}
    return func.coalesce(review.verdict, case(*((review.draft_state == number(state), each) for state, each in was.items())))


def approvals(document: Any, *parts: Any) -> Select[Any]:
    """What `parts` say of the approvals that the draft of the document has, each by a review of its own."""
    earlier = aliased(Review)
    voided = select(func.coalesce(func.max(earlier.id), number(0))).where(
        earlier.document_id == document.id,
        earlier.revision_number == document.revision_number,
        verdict_of(earlier).in_(numbers(ENDING)),
    )
    return (
        select(*parts)
        .where(
            Review.document_id == document.id,
            Review.revision_number == document.revision_number,
            or_(
                Review.verdict == number(ReviewVerdict.REVIEW_VERDICT_APPROVED),
                and_(Review.verdict.is_(None), Review.draft_state == number(APPROVED)),
            ),
            Review.id > voided.correlate_except(earlier).scalar_subquery(),
        )
        .correlate_except(Review, earlier)
    )


def columns(document: Any, *, is_short: bool = False) -> tuple[Label[Any], ...]:
    """`approvals`, NULL where the draft stands where it has none, and `required_approvals`. In short without what was said."""
    said: dict[str, Any] = {"account_id": Review.account_id, "create_time": Review.create_time}
    if not is_short:
        said["comment"] = func.left(Review.comment, number(SHOWN_CHARACTERS))
    members: list[Any] = []
    for name, value in said.items():
        members += [literal_column(f"'{name}'"), value]
    told = approvals(document, func.json_agg(aggregate_order_by(func.json_build_object(*members), Review.id)))
    required = select(ContentType.required_approvals).where(ContentType.name == document.content_type)
    return (
        case((document.draft_state.in_(numbers(HAS_APPROVALS)), told.scalar_subquery())).label("approvals"),
        required.correlate_except(ContentType).scalar_subquery().label("required_approvals"),
    )


COMMENTS_ARE_UNCHANGED = Document.blocking_comments == bindparam("blocking_comments", type_=Document.blocking_comments.type)
"""For a change that was decided by how many comments block it: nobody has made or resolved one since."""
