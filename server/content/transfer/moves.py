"""Former paths of imported documents, which lead to where the documents are."""

from __future__ import annotations

import uuid
from typing import Any

import asyncpg

from gazette.content.v1.document_import_pb2 import ImportedRedirect
from gazette.delivery.v1.delivery_service_pb2 import GetPageResponse
from gazette.delivery.v1.page_pb2 import Redirect
from gazette.record.v1.record_entry_pb2 import RecordEntryKind
from server import audit, delivery, record
from server.content import failures, fields
from server.content.documents.premises import Premises
from server.content.publishing import rules as publishing
from server.content.transfer import queries
from server.content.transfer.failures import RedirectWithoutDocument
from server.content.transfer.results import CREATED, UNCHANGED, Outcome
from server.content.transitions import NOWHERE, VANISHED
from server.record import Place
from server.rpc.call import Call
from server.stores.statements import Row


class Overtaken(Exception):
    """The document or the reservations of paths have changed since they were read. The transaction is to be rolled back."""


async def redirect(
    connection: asyncpg.Connection,
    wanted: ImportedRedirect,
    organisation_id: uuid.UUID,
    premises: Premises,
    call: Call,
    *,
    anew: bool,
) -> Outcome | None:
    """Lets the path lead to the document; None as `Attempt`.

    Raises DocumentNotFound, KeyOfAnother, PathReserved, RedirectLoop, and PathTaken where another document is.
    """
    locale = wanted.locale or fields.DEFAULT_LOCALE
    document = await queries.LIVE_DOCUMENT.first(connection, translation_key=uuid.UUID(wanted.translation_key), locale=locale)
    if document is None or document.live_state in {NOWHERE, VANISHED}:
        raise RedirectWithoutDocument(wanted.translation_key)
    if document.organisation_id != organisation_id:
        raise failures.KeyOfAnother
    if wanted.path == document.live_path:
        return Outcome(UNCHANGED, str(document.id))
    generation = await premises.generation(connection, organisation_id, wanted.path, anew=anew)
    try:
        async with record.locked(connection):
            await call.confirm()
            standing = await delivery.there(connection, wanted.path, locale)
            if standing is not None:
                if standing.document_id == document.id and leads_to(standing.answer, document.live_path):
                    return Outcome(UNCHANGED, str(document.id))
                if standing.document_id != document.id:
                    raise failures.PathTaken(wanted.path, locale)
                publishing.check_free(standing.answer, wanted.path, locale)
            newest = await record.NEXT.first(connection)
            assert newest is not None, "there is a newest row even of an empty record"
            place = Place.after(newest)
            event = audit.event(
                "document.import",
                document.id,
                organisation_id=organisation_id,
                path=wanted.path,
                record_number=place.number,
                source=wanted.source,
            )
            parameters = served(place, wanted.path, locale, document)
            told = {"document_id": document.id, "live_path": document.live_path, "path_generation": generation}
            row = await queries.REDIRECTION.first(connection, **parameters, **told, **event)
            if row is None:
                raise Overtaken
            publishing.check_circle(await delivery.circle(connection, wanted.path, locale, preserves_suffix=False))
    except Overtaken:
        return None
    return Outcome(CREATED, str(document.id), place.number)


def leads_to(answer: bytes, path: str) -> bool:
    return GetPageResponse.FromString(answer).redirect.location == path


def served(place: Place, path: str, locale: str, document: Row) -> dict[str, Any]:
    """What the statement is given of the record's entry and of the page."""
    leading = Redirect(location=document.live_path, record_number=place.number)
    answer = delivery.located(GetPageResponse(redirect=leading), locale).SerializeToString()
    where: dict[str, Any] = {
        "path": path,
        "locale": locale,
        "organisation_id": document.organisation_id,
        "document_id": document.id,
    }
    kind = RecordEntryKind.RECORD_ENTRY_KIND_REDIRECTED
    entry = record.entry(place, kind, **where, revision_number=document.live_revision_number, answer=answer)
    page = where | {
        "record_number": place.number,
        "translation_key": document.translation_key,
        "content_type": document.content_type,
        "title": "",
        "publish_time": place.record_time,
        "first_publish_time": place.record_time,
        "answer": answer,
        "summary": None,
        "covers_prefix": False,
        "preserves_suffix": False,
        "is_block": False,
    }
    return record.parameters(entry) | delivery.parameters(page)
