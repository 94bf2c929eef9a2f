"""What content tells organisations of the paths in a part of the site."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server import delivery
from server.content.documents.queries import IS_THERE
from server.content.locks import DOCUMENTS_UNCHANGED
from server.content.models import Document


async def others_use(connection: AsyncConnection, prefix: str, organisation_id: uuid.UUID, *, but: Collection[str]) -> bool:
    """Whether any organisation but this one has something at `/prefix` or below, leaving out what is at the longer prefixes in
    `but` and below them: a document by its draft's path, or what a path serves. A redirect above counts too if it covers the
    prefix. Until the transaction ends nobody writes a document, and whoever was writing one has ended."""
    await connection.execute(DOCUMENTS_UNCHANGED)
    is_others = Document.organisation_id != organisation_id
    documents = exists().where(is_others, IS_THERE, delivery.is_within(Document.path, prefix, but))
    served = delivery.others_serve(prefix, organisation_id, but=but)
    return bool((await connection.execute(select(or_(documents, served)))).scalar())
