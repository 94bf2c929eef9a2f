"""Short ways through reviews: taking back, forcing, approving afterwards, comments; and what conditions a refusal names."""

from __future__ import annotations

from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import error_details_pb2

from gazette.auth.v1.account_pb2 import Role
from gazette.content.v1 import commenting_pb2 as commenting
from gazette.content.v1 import content_service_pb2 as rpc
from gazette.content.v1 import reviewing_pb2 as reviewing
from gazette.content.v1.comment_pb2 import Comment
from gazette.content.v1.content_type_pb2 import ContentType
from gazette.content.v1.document_pb2 import Document
from gazette.content.v1.review_pb2 import Review, ReviewPolicy
from tests.content.desk import Desk
from tests.refusals import Refusal
from tests.service import Person


async def policy(desk: Desk, required: int, **said: Any) -> ContentType:
    """A content type of the test's own, documents of which need so many approvals."""
    return await desk.content_type(desk.kind("policy"), review_policy=ReviewPolicy(required_approvals=required, **said))


async def change_policy(desk: Desk, content_type: ContentType, required: int) -> ContentType:
    return await desk.change_content_type(content_type, review_policy=ReviewPolicy(required_approvals=required))


async def second_editor(desk: Desk, role: Role.ValueType = Role.ROLE_EDITOR) -> Person:
    return await desk.service.account(role=role, organisation_id=desk.organisation_id)


async def recall(desk: Desk, document: Document, by: Person | None = None) -> Document:
    request = reviewing.RecallDocumentRequest(id=document.id, etag=document.etag, comment="not yet")
    recalled: Document = (await desk.documents.RecallDocument(request, metadata=(by or desk.author).metadata)).document
    return recalled


async def force(desk: Desk, document: Document, by: Person | None = None, reason: str = "The dam has broken.") -> Document:
    note = "Something changed." if document.live.state else ""
    request = rpc.PublishDocumentRequest(id=document.id, etag=document.etag, change_note=note, force=True, force_reason=reason)
    forced: Document = (await desk.documents.PublishDocument(request, metadata=(by or desk.publisher).metadata)).document
    return forced


async def approve_publication(desk: Desk, document: Document, by: Person | None = None) -> Document:
    request = reviewing.ApprovePublicationRequest(id=document.id, etag=document.etag, comment="rightly so")
    approved: Document = (await desk.documents.ApprovePublication(request, metadata=(by or desk.editor).metadata)).document
    return approved


async def reviews(desk: Desk, document: Document, **asked: Any) -> list[Review]:
    request = reviewing.ListReviewsRequest(document_id=document.id, **asked)
    return [*(await desk.documents.ListReviews(request, metadata=desk.author.metadata)).reviews]


async def comment(desk: Desk, document: Document, text: str = "Why?", by: Person | None = None, **said: Any) -> Comment:
    request = commenting.AddCommentRequest(document_id=document.id, comment=Comment(text=text, **said))
    made: Comment = (await desk.documents.AddComment(request, metadata=(by or desk.editor).metadata)).comment
    return made


async def resolve(desk: Desk, document: Document, comment: Comment, by: Person | None = None) -> Comment:
    request = commenting.ResolveCommentRequest(document_id=document.id, id=comment.id)
    resolved: Comment = (await desk.documents.ResolveComment(request, metadata=(by or desk.editor).metadata)).comment
    return resolved


async def reopen(desk: Desk, document: Document, comment: Comment, by: Person | None = None) -> Comment:
    request = commenting.ReopenCommentRequest(document_id=document.id, id=comment.id)
    opened: Comment = (await desk.documents.ReopenComment(request, metadata=(by or desk.editor).metadata)).comment
    return opened


async def comments(desk: Desk, document: Document, **asked: Any) -> list[Comment]:
    request = commenting.ListCommentsRequest(document_id=document.id, **asked)
    return [*(await desk.documents.ListComments(request, metadata=desk.author.metadata)).comments]


async def change_comment(desk: Desk, document: Document, one: Comment, by: Person | None = None, **said: Any) -> Comment:
    wanted = Comment(id=one.id, **said)
    request = commenting.UpdateCommentRequest(document_id=document.id, comment=wanted, update_mask=FieldMask(paths=[*said]))
    changed: Comment = (await desk.documents.UpdateComment(request, metadata=(by or desk.editor).metadata)).comment
    return changed


async def delete_comment(desk: Desk, document: Document, one: Comment, by: Person | None = None) -> Comment:
    request = commenting.DeleteCommentRequest(document_id=document.id, id=one.id)
    deleted: Comment = (await desk.documents.DeleteComment(request, metadata=(by or desk.editor).metadata)).comment
    return deleted


def unmet(refusal: Refusal) -> list[tuple[str, str]]:
    """The conditions that a refusal names: reason and subject of each."""
    told = error_details_pb2.PreconditionFailure()
    for detail in refusal.status.details:
        detail.Unpack(told)  # of its own kind alone
    return [(each.type, each.subject) for each in told.violations]
