"""What a translation is made from."""

from __future__ import annotations

import uuid
from typing import Any

import asyncpg

from gazette.content.v1.document_pb2 import Document
from server.content.documents.saving import Save
from server.content.translations import queries, rules
from server.stores.parameters import named
from server.stores.statements import Row


async def source_of(connection: asyncpg.Connection, document: Any, wanted: uuid.UUID | None) -> Row | None:
    """What a document, or one that is to be made, was made from."""
    key, locale = document.translation_key, document.locale
    return await queries.SOURCE.first(connection, translation_key=key, locale=locale, source_id=wanted)


async def with_basis(connection: asyncpg.Connection, save: Save, wanted: Document) -> Save:
    """A new document, with what it was made from if it is to be a translation."""
    source = await source_of(connection, save.row, None) if wanted.translation_key else None
    basis = rules.basis(source)._asdict()
    return Save(save.row._replace(**basis), save.parameters | named("document", basis))
