"""SQL: documents with what the public sees of them, or saw last."""

from __future__ import annotations

from sqlalchemy import select

from server.content.change_notes.queries import HISTORY
from server.content.documents import planned
from server.content.documents.queries import IS_ASKED_FOR, WHOLE
from server.content.models import Document, Revision
from server.stores.statements import Statement

IS_LIVE = (Revision.document_id == Document.id) & (Revision.number == Document.live_revision_number)
SHOWN = Statement(
    planned.joined(
        select(*WHOLE, *planned.COLUMNS, Revision.html, Revision.html_details, Revision.renderer, HISTORY)
        .select_from(Document)
        .outerjoin(Revision, IS_LIVE),
        Document.id,
    ).where(IS_ASKED_FOR)
)
"""A document with what its live revision says, and what the public gets of it; without words if it was never public."""
