"""Taking down in tests: short ways to it, and what is said of it."""

from __future__ import annotations

import uuid
from typing import Any

import grpc
from sqlalchemy import select

from gazette.content.v1 import taking_down_pb2 as rpc
from gazette.content.v1.document_pb2 import Document, DraftState, LiveState
from gazette.content.v1.removal_pb2 import Redirection, Removal
from gazette.delivery.v1.delivery_service_pb2 import ListPagesRequest
from gazette.delivery.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from gazette.record.v1.record_entry_pb2 import RecordEntryKind
from server.audit.models import AuditEvent
from tests.content.desk import Desk
from tests.polling import until
from tests.service import Person

PUBLISHED, WITHDRAWN = LiveState.LIVE_STATE_PUBLISHED, LiveState.LIVE_STATE_WITHDRAWN
REDIRECTED, GONE, VANISHED = LiveState.LIVE_STATE_REDIRECTED, LiveState.LIVE_STATE_GONE, LiveState.LIVE_STATE_VANISHED
KEEP, DISCARD = rpc.DraftHandling.DRAFT_HANDLING_KEEP, rpc.DraftHandling.DRAFT_HANDLING_DISCARD
APPROVED = DraftState.DRAFT_STATE_APPROVED
UNSAID = rpc.DraftHandling.DRAFT_HANDLING_UNSPECIFIED


async def withdraw(
    desk: Desk,
    document: Document,
    why: str = "Out of date.",
    *,
    draft: rpc.DraftHandling.ValueType = UNSAID,
    by: Person | None = None,
) -> rpc.WithdrawDocumentResponse:
    request = rpc.WithdrawDocumentRequest(id=document.id, etag=document.etag, explanation=why, draft=draft)
    answer = await desk.documents.WithdrawDocument(request, metadata=(by or desk.publisher).metadata)
    assert isinstance(answer, rpc.WithdrawDocumentResponse)
    return answer


async def unpublish(
    desk: Desk, document: Document, *, draft: rpc.DraftHandling.ValueType = UNSAID, by: Person | None = None, **into: Any
) -> rpc.UnpublishDocumentResponse:
    request = rpc.UnpublishDocumentRequest(id=document.id, etag=document.etag, draft=draft, **into)
    answer = await desk.documents.UnpublishDocument(request, metadata=(by or desk.publisher).metadata)
    assert isinstance(answer, rpc.UnpublishDocumentResponse)
    return answer


async def remove(desk: Desk, document: Document, why: str = "No longer offered.", where: str = "", **how: Any) -> Document:
    return (await unpublish(desk, document, gone=Removal(explanation=why, location=where), **how)).document


async def redirect(
    desk: Desk, document: Document, to: str, *, covers: bool = False, keeps: bool = False, **how: Any
) -> Document:
    way = Redirection(location=to, covers_prefix=covers or keeps, preserves_suffix=keeps)
    return (await unpublish(desk, document, redirect=way, **how)).document


async def vanish(desk: Desk, document: Document, why: str = "Order 12 of 1989.", **how: Any) -> Document:
    how.setdefault("by", desk.admin)
    return (await unpublish(desk, document, vanish=rpc.Vanishing(reason=why), **how)).document


async def restore(
    desk: Desk, document: Document, *, draft: rpc.DraftHandling.ValueType = UNSAID, by: Person | None = None
) -> Document:
    request = rpc.RestoreDocumentRequest(id=document.id, etag=document.etag, draft=draft)
    answer = await desk.documents.RestoreDocument(request, metadata=(by or desk.publisher).metadata)
    assert isinstance(answer, rpc.RestoreDocumentResponse)
    return answer.document


async def served(desk: Desk, path: str, locale: str = "en") -> str:
    """What a path serves, in a word: the page's title, the location, why it is gone, or nothing."""
    try:
        answer = await desk.page_now(path, locale)
    except grpc.aio.AioRpcError as error:
        return "" if error.code() == grpc.StatusCode.NOT_FOUND else str(error.code())
    return answer.page.title or answer.redirect.location or answer.gone.explanation


async def comes_to_serve(desk: Desk, path: str, wanted: str) -> bool:
    """Whether it serves this within the second that a process has to hear."""

    async def is_so() -> bool:
        return await served(desk, path) == wanted

    await until(is_so)
    return True


async def listed(desk: Desk) -> list[str]:
    """The paths of the desk's pages in lists."""
    request = ListPagesRequest(organisation_id=desk.organisation_id, min_record_number=(await desk.record())[-1].number)
    return [page.path for page in (await DeliveryServiceStub(desk.service.channel).ListPages(request)).pages]


async def kinds(desk: Desk) -> list[tuple[str, str]]:
    """What the record says, entry by entry: what happened, and where below the desk's part of the site."""
    prefix = "RECORD_ENTRY_KIND_"
    entries = await desk.record()
    return [(RecordEntryKind.Name(each.kind).removeprefix(prefix), each.path.removeprefix(desk.root)) for each in entries]


async def events(desk: Desk, document: Document) -> list[Any]:
    """The audit's events of the document, in order."""
    async with desk.service.database.read() as connection:
        wanted = select(AuditEvent.__table__).where(AuditEvent.target == str(uuid.UUID(document.id))).order_by(AuditEvent.id)
        return [*(await connection.execute(wanted)).all()]
