"""Saving: what a document says, as one more revision of it. Editors save so, and imports."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from uuid6 import uuid7

from gazette.content.v1.document_pb2 import BodyFormat, Document
from server.content import failures
from server.content import fields as content_fields
from server.content.documents import queries
from server.content.paths import MayUsePath
from server.content.revisions import queries as revision_queries
from server.rpc.messages import plain
from server.stores.postgres import AnyRow

Words = Mapping[str, Any]
"""What a document says: the columns of a revision that its author writes."""


def words_of(document: Document) -> Words:
    return {
        "path": document.path,
        "title": document.title,
        "summary": document.summary,
        "body": document.body,
        "body_format": document.body_format or BodyFormat.BODY_FORMAT_MARKDOWN,
        "details": plain(document.details),
        "links": {kind: [str(uuid.UUID(key)) for key in targets.translation_keys] for kind, targets in document.links.items()},
        "tags": [*document.tags],
        "attachments": [uuid.UUID(id) for id in document.attachments],
    }


def rewritten(revision: AnyRow, document: Document, fields: Collection[str]) -> Words:
    """What the revision says, with these fields as the document has them."""
    new = words_of(document)
    return {name: new[name] if name in fields else getattr(revision, name) for name in new}


async def first(
    connection: AsyncConnection,
    document: Document,
    words: Words,
    may_use_path: MayUsePath,
    *,
    organisation_id: uuid.UUID,
    author_id: uuid.UUID,
    draft_state: int,
    source_sha256: bytes | None = None,
    covers_prefix: bool = False,
) -> AnyRow:
    """Makes the document with its first revision. Raises PathReserved, PathTaken, TranslationExists, OrganisationNotFound."""
    path: str = words["path"]
    if not await may_use_path(connection, organisation_id, path, with_all_below=covers_prefix):
        raise failures.PathReserved(path)
    key = uuid.UUID(document.translation_key) if document.translation_key else uuid7()
    if document.translation_key and await queries.translates_elsewhere(connection, key, organisation_id):
        raise failures.KeyOfAnother
    row = await queries.insert_document(
        connection,
        id=uuid7(),
        organisation_id=organisation_id,
        content_type=document.content_type,
        locale=document.locale or content_fields.DEFAULT_LOCALE,
        translation_key=key,
        path=path,
        revision_number=1,
        draft_state=draft_state,
    )
    await revision_queries.insert_revision(
        connection, document_id=row.id, number=1, author_id=author_id, source_sha256=source_sha256, **words
    )
    return row


async def another(
    connection: AsyncConnection,
    document: AnyRow,
    words: Words,
    may_use_path: MayUsePath,
    *,
    author_id: uuid.UUID,
    draft_state: int,
    content_type: str | None = None,
    source_sha256: bytes | None = None,
    covers_prefix: bool = False,
) -> AnyRow:
    """Gives a locked document one more revision, and hands its changed row back. Raises PathReserved, PathTaken."""
    path: str = words["path"]
    is_spreading = path != document.path or covers_prefix > document.covers_prefix  # what stays where it was may stay
    if is_spreading and not await may_use_path(connection, document.organisation_id, path, with_all_below=covers_prefix):
        raise failures.PathReserved(path)
    number = document.revision_number + 1
    row = await queries.update_document(
        connection,
        document,
        path=path,
        revision_number=number,
        draft_state=draft_state,
        content_type=content_type or document.content_type,
    )
    await revision_queries.insert_revision(
        connection, document_id=row.id, number=number, author_id=author_id, source_sha256=source_sha256, **words
    )
    return row
