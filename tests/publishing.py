"""Pages for tests of the record and of delivery: put there as publication does, but without a document behind them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from gazette.delivery.v1.page_pb2 import Gone, Page, PageState, PageSummary, Redirect
from gazette.record.v1.record_entry_pb2 import RecordEntryKind
from server.delivery.pages import queries as delivery
from server.record import log as record
from server.stores.postgres import Database

ORGANISATION = uuid.UUID("0190a5a0-0000-7000-8000-00000000000a")


async def put_page(
    database: Database,
    path: str,
    title: str = "A page",
    *,
    locale: str = "en",
    content_type: str = "guide",
    organisation_id: uuid.UUID = ORGANISATION,
) -> int:
    """The record number of the new page."""
    state = PageState.PAGE_STATE_PUBLISHED
    async with database.transaction() as connection:
        place = await record.reserve(connection)
        page = Page(path=path, locale=locale, title=title, html=f"<p>{title}</p>", state=state, record_number=place.number)
        summary = PageSummary(path=path, locale=locale, title=title, content_type=content_type, state=state)
        await put(
            connection,
            place,
            GetPageResponse(page=page),
            path=path,
            locale=locale,
            content_type=content_type,
            organisation_id=organisation_id,
            summary=summary,
        )
    return place.number


async def put_redirect(database: Database, path: str, location: str, *, covers: bool = False, preserves: bool = False) -> int:
    async with database.transaction() as connection:
        place = await record.reserve(connection)
        answer = GetPageResponse(redirect=Redirect(location=location, record_number=place.number))
        await put(connection, place, answer, path=path, covers=covers, preserves=preserves)
    return place.number


async def put_gone(database: Database, path: str, explanation: str) -> int:
    async with database.transaction() as connection:
        place = await record.reserve(connection)
        answer = GetPageResponse(gone=Gone(explanation=explanation, record_number=place.number))
        await put(connection, place, answer, path=path)
    return place.number


async def put(
    connection: AsyncConnection,
    place: record.Place,
    answer: GetPageResponse,
    *,
    path: str,
    locale: str = "en",
    content_type: str = "guide",
    organisation_id: uuid.UUID = ORGANISATION,
    summary: PageSummary | None = None,
    covers: bool = False,
    preserves: bool = False,
) -> None:
    kinds = {
        "page": RecordEntryKind.RECORD_ENTRY_KIND_PUBLISHED,
        "redirect": RecordEntryKind.RECORD_ENTRY_KIND_REDIRECTED,
        "gone": RecordEntryKind.RECORD_ENTRY_KIND_GONE,
    }
    document_id = uuid.uuid4()
    await record.append(
        connection,
        place,
        kinds[answer.WhichOneof("answer") or ""],
        document_id=document_id,
        revision_number=1,
        organisation_id=organisation_id,
        path=path,
        locale=locale,
        answer=answer.SerializeToString(),
        covers_prefix=covers,
    )
    await delivery.put(
        connection,
        path=path,
        locale=locale,
        record_number=place.number,
        document_id=document_id,
        translation_key=uuid.uuid4(),
        organisation_id=organisation_id,
        content_type=content_type,
        title=answer.page.title,
        publish_time=datetime.now(UTC),
        answer=answer.SerializeToString(),
        summary=summary.SerializeToString() if summary else None,
        covers_prefix=covers,
        preserves_suffix=preserves,
    )
