"""Exports: what the public sees of an organisation's documents, in the form that an import takes."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

from gazette.content.v1.document_import_pb2 import ExportDocumentsResponse, ImportedDocument
from gazette.content.v1.document_pb2 import Document
from server.content import failures
from server.content.documents.queries import ORGANISATION_EXISTS
from server.content.documents.views import put_links
from server.content.transfer import queries
from server.content.types import views as type_views
from server.rpc.messages import message
from server.stores.postgres import Database
from server.stores.statements import Row

BATCH = 20
"""Documents that are held at once: a body alone may have a megabyte."""
NAMED = ("content_type", "locale", "translation_key")
SAID = (*NAMED, "title", "summary", "body", "body_format", "details", "tags", "attachments")


async def parts(database: Database, organisation_id: uuid.UUID) -> AsyncIterator[ExportDocumentsResponse]:
    """Content types, then documents by id. No connection is held while the client is slow. Raises OrganisationNotFound."""
    async with database.direct() as connection:
        if not await ORGANISATION_EXISTS.value(connection, id=organisation_id):
            raise failures.OrganisationNotFound
        content_types = await queries.LIVE_CONTENT_TYPES.all(connection, organisation_id=organisation_id)
    for row in content_types:
        yield ExportDocumentsResponse(content_type=type_views.content_type(row))
    rows = await batch(database, organisation_id, None)
    while rows:
        for row in rows:
            yield ExportDocumentsResponse(document=exported(row))
        rows = await batch(database, organisation_id, rows[-1].id)


async def batch(database: Database, organisation_id: uuid.UUID, after: uuid.UUID | None) -> list[Row]:
    async with database.direct() as connection:
        return await queries.LIVE_DOCUMENTS.all(connection, organisation_id=organisation_id, after=after, limit=BATCH)


def exported(row: Row) -> ImportedDocument:
    """From a document's row with what its live revision says. An import's claims are claimed again, or else our times are."""
    document = message(Document, **{name: getattr(row, name) for name in SAID}, path=row.live_path)
    put_links(document.links, row.links)
    return message(
        ImportedDocument,
        row,
        document=document,
        source=row.live_path,
        claimed_first_publish_time=row.claimed_first_publish_time or row.first_publish_time,
        claimed_public_update_time=row.claimed_public_update_time or row.public_update_time,
    )
