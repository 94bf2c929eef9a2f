"""SQL: what an import has brought in before, and what an export takes out."""

from __future__ import annotations

import uuid

from sqlalchemy import Integer, LargeBinary, Text, Uuid, bindparam, exists, func, null, select

from server.content.documents.queries import DOCUMENT, WHOLE
from server.content.models import ContentType, Document, Revision
from server.stores.statements import Statement

ORGANISATION = bindparam("organisation_id", type_=Uuid())
BEFORE_ALL = uuid.UUID(int=0)

WAS_IMPORTED = exists().where(
    Revision.document_id == Document.id, Revision.source_sha256 == bindparam("source_sha256", type_=LargeBinary())
)
UNREAD = [name for name in DOCUMENT.row._fields if name not in Document.__table__.c]
IMPORTED = Statement(
    select(Document.__table__, *(null().label(name) for name in UNREAD), WAS_IMPORTED.label("was_imported")).where(
        Document.translation_key == bindparam("translation_key", type_=Uuid()),
        Document.locale == bindparam("locale", type_=Text()),
    )
)
"""The document that an import means, without what its newest revision says, and whether this very version was imported."""

LIVE = (Revision.document_id == Document.id) & (Revision.number == Document.live_revision_number)
LIVE_DOCUMENTS = Statement(
    select(*WHOLE)
    .join(Revision, LIVE)
    .where(
        Document.organisation_id == ORGANISATION,
        Document.live_state != 0,
        Document.id > func.coalesce(bindparam("after", type_=Uuid()), BEFORE_ALL),
    )
    .order_by(Document.id)
    .limit(bindparam("limit", type_=Integer()))
)
"""Documents that the public sees something of, with what their live revisions say, by id."""
USED = select(Document.content_type).where(Document.organisation_id == ORGANISATION, Document.live_state != 0)
LIVE_CONTENT_TYPES = Statement(select(ContentType.__table__).where(ContentType.name.in_(USED)).order_by(ContentType.name))
"""Those of the documents that the public sees something of, by name."""
