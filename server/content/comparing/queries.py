"""SQL: the revisions of a document that are compared."""

from __future__ import annotations

from sqlalchemy import ARRAY, Integer, Uuid, any_, bindparam, select

from server.content.documents.queries import IS_THERE, LONG, SHORT
from server.content.models import Document, Revision
from server.stores.statements import Statement

OF = bindparam("document_id", type_=Uuid())
STANDING = Statement(
    select(Document.organisation_id, Document.content_type, Document.revision_number, Document.live_revision_number).where(
        Document.id == OF, IS_THERE
    )
)
PUBLIC = (Revision.html, Revision.html_details, Revision.renderer)
REVISIONS = Statement(
    select(Revision.number, Revision.path, Revision.content_type_version, *SHORT, *LONG, *PUBLIC).where(
        Revision.document_id == OF, Revision.number == any_(bindparam("numbers", type_=ARRAY(Integer())))
    )
)
"""Those of these numbers that there are."""
