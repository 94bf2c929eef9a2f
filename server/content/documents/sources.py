"""What a translation was made from: the columns of its document, and the look for them."""

from __future__ import annotations

import uuid
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import Text, Uuid, bindparam, or_, select

from gazette.content.v1.document_pb2 import Document as DocumentMessage
from server.content.documents.queries import IS_THERE
from server.content.documents.saving import Save
from server.content.models import Document
from server.stores.parameters import named
from server.stores.statements import Row, Statement

WANTED = bindparam("source_id", type_=Uuid())
SOURCE = Statement(
    select(Document.id, Document.revision_number, Document.live_revision_number)
    .where(
        Document.translation_key == bindparam("translation_key", type_=Uuid()),
        Document.locale != bindparam("locale", type_=Text()),
        IS_THERE,
        or_(WANTED.is_(None), Document.id == WANTED),
    )
    .order_by(Document.source_document_id.is_not(None), Document.create_time, Document.id)
    .limit(1)
)
"""The document that one of this language and translation key was made from: the one that is wanted, or the first that is no
translation itself."""


class Basis(NamedTuple):
    """What a translation says the same as: the columns of its document."""

    source_document_id: uuid.UUID | None = None
    source_revision_number: int | None = None


def basis(source: Any | None) -> Basis:
    """Of a translation that is made now: what is public of its source, or else the newest that it says."""
    if source is None:
        return Basis()
    return Basis(source.id, source.live_revision_number or source.revision_number)


async def source_of(connection: asyncpg.Connection, document: Any, wanted: uuid.UUID | None) -> Row | None:
    """What a document, or one that is to be made, was made from."""
    key, locale = document.translation_key, document.locale
    return await SOURCE.first(connection, translation_key=key, locale=locale, source_id=wanted)


async def with_basis(connection: asyncpg.Connection, save: Save, wanted: DocumentMessage) -> Save:
    """A new document, with what it was made from if it is to be a translation."""
    source = await source_of(connection, save.row, None) if wanted.translation_key else None
    columns = basis(source)._asdict()
    return Save(save.row._replace(**columns), save.parameters | named("document", columns))
