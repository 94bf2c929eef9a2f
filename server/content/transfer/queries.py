"""SQL: what an import has brought in before, and what an export takes out."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.content.documents.queries import WORDS
from server.content.models import ContentType, Document, Revision
from server.stores.postgres import AnyRow

LIVE = (Revision.document_id == Document.id) & (Revision.number == Document.live_revision_number)


async def live_documents(
    connection: AsyncConnection, organisation_id: uuid.UUID, *, after: uuid.UUID | None, limit: int
) -> Sequence[AnyRow]:
    """Documents that the public sees something of, with what their live revisions say, by id."""
    statement = select(Document, *WORDS, Revision.body, Revision.details).join(Revision, LIVE)
    statement = statement.where(Document.organisation_id == organisation_id, Document.live_state != 0)
    if after is not None:
        statement = statement.where(Document.id > after)
    return (await connection.execute(statement.order_by(Document.id).limit(limit))).all()


async def was_imported(connection: AsyncConnection, document_id: uuid.UUID, source_sha256: bytes) -> bool:
    same = exists().where(Revision.document_id == document_id, Revision.source_sha256 == source_sha256)
    return bool((await connection.execute(select(same))).scalar())


async def content_types_live(connection: AsyncConnection, organisation_id: uuid.UUID) -> Sequence[AnyRow]:
    """Those of the documents that the public sees something of, by name."""
    used = select(Document.content_type).where(Document.organisation_id == organisation_id, Document.live_state != 0)
    statement = select(ContentType).where(ContentType.name.in_(used)).order_by(ContentType.name)
    return (await connection.execute(statement)).all()
