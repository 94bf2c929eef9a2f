"""What the record knows of one document, and of one path."""

from __future__ import annotations

import uuid

import asyncpg
from sqlalchemy import BigInteger, Text, Uuid, bindparam, exists, or_, select

from gazette.record.v1.record_entry_pb2 import RecordEntryBody, RecordEntryKind
from server.record.models import RecordEntry
from server.stores.statements import Statement

PUBLISHED, WITHDRAWN = RecordEntryKind.RECORD_ENTRY_KIND_PUBLISHED, RecordEntryKind.RECORD_ENTRY_KIND_WITHDRAWN
VANISHED = RecordEntryKind.RECORD_ENTRY_KIND_VANISHED

DOCUMENT_ID = bindparam("document_id", type_=Uuid())
LAST_PAGE = Statement(
    select(RecordEntry.body_bytes)
    .where(RecordEntry.document_id == DOCUMENT_ID, or_(RecordEntry.kind == PUBLISHED, RecordEntry.kind == WITHDRAWN))
    .order_by(RecordEntry.number.desc())
    .limit(1)
)
VANISHED_BEHIND = Statement(
    select(RecordEntry.path)
    .where(
        RecordEntry.document_id == DOCUMENT_ID,
        RecordEntry.number > bindparam("number", type_=BigInteger()),
        RecordEntry.kind == VANISHED,
    )
    .order_by(RecordEntry.number)
)

OVERTAKEN = Statement(
    select(
        exists().where(
            RecordEntry.path == bindparam("path", type_=Text()),
            RecordEntry.locale == bindparam("locale", type_=Text()),
            RecordEntry.number > bindparam("number", type_=BigInteger()),
        )
    )
)


async def last_shown(connection: asyncpg.Connection, document_id: uuid.UUID) -> int:
    """The number of the revision that the document's page showed when it last had one; 0 if it never had."""
    body = await LAST_PAGE.value(connection, document_id=document_id)
    return RecordEntryBody.FromString(body).revision_number if body else 0


async def vanished_behind(connection: asyncpg.Connection, document_id: uuid.UUID, number: int) -> list[str]:
    """The paths from which something of the document has vanished since an entry."""
    return [row.path for row in await VANISHED_BEHIND.all(connection, document_id=document_id, number=number)]


async def is_overtaken(connection: asyncpg.Connection, path: str, locale: str, number: int) -> bool:
    """Whether something has happened at the path since an entry."""
    found: bool = await OVERTAKEN.value(connection, path=path, locale=locale, number=number)
    return found
