"""Saving: what a document says, as one more revision of it. Editors save so, and imports."""

from __future__ import annotations

import uuid
from typing import Any, NamedTuple

import asyncpg
from uuid6 import uuid7

from gazette.content.v1.document_pb2 import Document
from server import audit
from server.content import fields
from server.content.documents.queries import DOCUMENT
from server.content.documents.sizes import size
from server.content.documents.words import Words
from server.content.documents.writing import SAVED, conflicts_named
from server.content.references import queries as references
from server.content.rendering import Rendering
from server.stores.parameters import named
from server.stores.statements import Row, Statement

TIMES = ("create_time", "update_time")
"""What the database decides of a document."""


class Save(NamedTuple):
    """A change of a document that is to be stored."""

    row: Row
    """The document as it will stand, but for the times that the database gives it."""
    parameters: dict[str, Any]
    """What the statement that stores it is given of the document, and of what is written with it."""

    async def stored(self, connection: asyncpg.Connection, statement: Statement, **more: Any) -> Row | None:
        """The document as it stands now; None if nothing was written, since something is not as it was read. Raises PathTaken,
        TranslationExists, OrganisationNotFound."""
        with conflicts_named(self.row.path, self.row.locale):
            written = await statement.first(connection, **self.parameters, **more)
        return written and self.row._replace(**{name: value for name, value in written._asdict().items() if name in TIMES})


def first(
    wanted: Document,
    words: Words,
    *,
    organisation_id: uuid.UUID,
    author_id: uuid.UUID,
    draft_state: int,
    source_sha256: bytes | None = None,
) -> Save:
    """A new document with its first revision. Raises DocumentTooLarge."""
    columns = {
        "id": uuid7(),
        "organisation_id": organisation_id,
        "content_type": wanted.content_type,
        "locale": wanted.locale or fields.DEFAULT_LOCALE,
        "translation_key": uuid.UUID(wanted.translation_key) if wanted.translation_key else uuid7(),
        "path": words["path"],
        "version": 1,
        "revision_number": 1,
        "draft_state": draft_state,
        "live_state": 0,
        "covers_prefix": False,
        "preserves_suffix": False,
    }
    row = DOCUMENT.row(**{**dict.fromkeys(DOCUMENT.row._fields), **words, **columns})
    return Save(row, named("document", columns) | revision(row, words, author_id, source_sha256))


def another(
    document: Row,
    words: Words,
    *,
    author_id: uuid.UUID,
    draft_state: int,
    content_type: str = "",
    source_sha256: bytes | None = None,
    restored_from: int | None = None,
) -> Save:
    """One more revision of a document, which must not have changed since it was read. Raises DocumentTooLarge."""
    row = document._replace(
        **words,
        version=document.version + 1,
        revision_number=document.revision_number + 1,
        draft_state=draft_state,
        content_type=content_type or document.content_type,
        moves=None,
        moved_version=None,
    )
    saved = named("document", {name: getattr(row, name) for name in ("id", *SAVED)}) | {"document_version": document.version}
    return Save(row, saved | revision(row, words, author_id, source_sha256, restored_from))


def copy(document: Row, author_id: uuid.UUID, copied_number: int) -> dict[str, Any]:
    """What a statement that copies a revision (`writing.copied`) is given: the new one is the newest of the document as it will
    stand, and at its path."""
    columns = {"number": document.revision_number, "path": document.path, "author_id": author_id}
    copied = named("copy", {**columns, "restored_from_revision_number": copied_number})
    return {**copied, "copied_number": copied_number}


def event(action: str, row: Row, **details: Any) -> dict[str, Any]:
    """The audit's event of the change by which the document came to stand so, with what else it is to know."""
    whose = row.organisation_id
    return audit.event(action, row.id, organisation_id=whose, revision=row.revision_number, path=row.path, **details)


def rendered(rendering: Rendering) -> dict[str, Any]:
    """What a statement that stores a revision is given of what the public gets of it, and of what it refers to."""
    columns = {name: value for name, value in rendering._asdict().items() if name != "references"}
    found = rendering.references or ()
    return named("revision", {**columns, "reference_count": len(found)}) | references.parameters(found)


def revision(
    document: Row, words: Words, author_id: uuid.UUID, source_sha256: bytes | None, restored_from: int | None = None
) -> dict[str, Any]:
    columns = {**words, "number": document.revision_number, "author_id": author_id, "source_sha256": source_sha256}
    return named("revision", {**columns, "size_bytes": size(words), "restored_from_revision_number": restored_from})
