"""Revisions, deletion and previews in tests: short ways to them."""

from __future__ import annotations

from typing import Any

from gazette.content.v1 import comparing_pb2 as comparing
from gazette.content.v1 import content_service_pb2 as content
from gazette.content.v1 import deletion_pb2 as deletion
from gazette.content.v1 import preview_pb2 as preview
from gazette.content.v1 import revising_pb2 as revising
from gazette.content.v1.document_pb2 import Document, Revision
from gazette.delivery.v1.delivery_service_pb2 import GetPageRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from gazette.delivery.v1.page_pb2 import Page
from tests.content.desk import Desk
from tests.files.uploading import PDF, send, upload_of
from tests.service import Person


async def revision(desk: Desk, document: Document, number: int, by: Person | None = None) -> Revision:
    request = revising.GetRevisionRequest(document_id=document.id, number=number)
    answer = await desk.documents.GetRevision(request, metadata=(by or desk.author).metadata)
    found: Revision = answer.revision
    return found


async def restore_revision(
    desk: Desk, document: Document, number: int, by: Person | None = None, *, keep_path: bool = False
) -> Document:
    request = revising.RestoreRevisionRequest(id=document.id, etag=document.etag, number=number, keep_path=keep_path)
    answer = await desk.documents.RestoreRevision(request, metadata=(by or desk.author).metadata)
    restored: Document = answer.document
    return restored


async def discard(desk: Desk, document: Document, by: Person | None = None) -> Document:
    request = revising.DiscardDraftRequest(id=document.id, etag=document.etag)
    answer = await desk.documents.DiscardDraft(request, metadata=(by or desk.author).metadata)
    discarded: Document = answer.document
    return discarded


async def delete(desk: Desk, document: Document, by: Person | None = None) -> Document:
    request = deletion.DeleteDocumentRequest(id=document.id, etag=document.etag)
    answer = await desk.documents.DeleteDocument(request, metadata=(by or desk.editor).metadata)
    deleted: Document = answer.document
    return deleted


async def undelete(desk: Desk, document: Document, path: str = "", by: Person | None = None) -> Document:
    request = deletion.UndeleteDocumentRequest(id=document.id, etag=document.etag, path=path)
    answer = await desk.documents.UndeleteDocument(request, metadata=(by or desk.editor).metadata)
    back: Document = answer.document
    return back


async def listed(desk: Desk, by: Person | None = None, **how: Any) -> list[str]:
    """The ids of the desk's documents in a list."""
    request = content.ListDocumentsRequest(organisation_id=desk.organisation_id, page_size=200, **how)
    answer = await desk.documents.ListDocuments(request, metadata=(by or desk.editor).metadata)
    return [each.id for each in answer.documents]


async def preview_link(
    desk: Desk, document: Document, number: int = 0, by: Person | None = None, **how: Any
) -> preview.CreatePreviewLinkResponse:
    request = preview.CreatePreviewLinkRequest(id=document.id, revision_number=number, **how)
    answer = await desk.documents.CreatePreviewLink(request, metadata=(by or desk.author).metadata)
    assert isinstance(answer, preview.CreatePreviewLinkResponse)
    return answer


async def previewed(desk: Desk, made: preview.CreatePreviewLinkResponse, path: str = "", **how: Any) -> Page:
    """What the link's token shows."""
    request = GetPageRequest(path=path or made.path, preview_token=made.token, **({"locale": made.locale} | how))
    page: Page = (await DeliveryServiceStub(desk.service.channel).GetPage(request)).page
    return page


async def diff(
    desk: Desk, document: Document, earlier: int | str = "", later: int | str = "", by: Person | None = None
) -> comparing.DiffRevisionsResponse:
    request = comparing.DiffRevisionsRequest(document_id=document.id, **{"from": str(earlier), "to": str(later)})
    answer = await desk.documents.DiffRevisions(request, metadata=(by or desk.author).metadata)
    assert isinstance(answer, comparing.DiffRevisionsResponse)
    return answer


async def revoke(desk: Desk, made: preview.CreatePreviewLinkResponse, by: Person | None = None) -> preview.PreviewLink:
    link = made.preview_link
    request = preview.RevokePreviewLinkRequest(document_id=link.document_id, id=link.id)
    answer = await desk.documents.RevokePreviewLink(request, metadata=(by or desk.author).metadata)
    revoked: preview.PreviewLink = answer.preview_link
    return revoked


async def upload(desk: Desk) -> Any:
    """A file of the desk, which nobody else has."""
    sent = send(desk.service, desk.author, upload_of(desk.organisation_id, PDF, "form.pdf"), PDF)
    return (await sent).file
