"""Pages for tests of the record and of delivery: put there as publication does, but without a document behind them."""

from __future__ import annotations

import uuid
from typing import Any

import asyncpg
from sqlalchemy import literal, select

from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from gazette.delivery.v1.page_pb2 import Gone, Page, PageState, PageSummary, Redirect
from gazette.record.v1.record_entry_pb2 import RecordEntryKind
from server import delivery, record
from server.record import Place
from server.stores.postgres import Database
from server.stores.statements import Statement

ORGANISATION = uuid.UUID("0190a5a0-0000-7000-8000-00000000000a")

NOTHING = select(literal(1).label("changed")).cte("document")
PUBLISHED = Statement(record.appends(NOTHING).add_cte(delivery.puts(NOTHING)))


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
    async with database.direct() as connection, record.locked(connection):
        place = Place.after(await record.NEXT.first(connection))
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
    async with database.direct() as connection, record.locked(connection):
        place = Place.after(await record.NEXT.first(connection))
        answer = GetPageResponse(redirect=Redirect(location=location, record_number=place.number))
        await put(connection, place, answer, path=path, covers=covers, preserves=preserves)
    return place.number


async def put_gone(database: Database, path: str, explanation: str) -> int:
    async with database.direct() as connection, record.locked(connection):
        place = Place.after(await record.NEXT.first(connection))
        answer = GetPageResponse(gone=Gone(explanation=explanation, record_number=place.number))
        await put(connection, place, answer, path=path)
    return place.number


async def put(
    connection: asyncpg.Connection,
    place: Place,
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
    where: dict[str, Any] = {
        "path": path,
        "locale": locale,
        "organisation_id": organisation_id,
        "document_id": uuid.uuid4(),
    }
    kind, stored = kinds[answer.WhichOneof("answer") or ""], answer.SerializeToString()
    entry = record.entry(place, kind, **where, revision_number=1, answer=stored, covers_prefix=covers)
    page = where | {
        "record_number": place.number,
        "translation_key": uuid.uuid4(),
        "content_type": content_type,
        "title": answer.page.title,
        "publish_time": place.record_time,
        "first_publish_time": place.record_time,
        "answer": stored,
        "summary": summary.SerializeToString() if summary else None,
        "covers_prefix": covers,
        "preserves_suffix": preserves,
        "is_block": False,
    }
    await PUBLISHED.run(connection, **record.parameters(entry), **delivery.parameters(page))
