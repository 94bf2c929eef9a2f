"""SQL: what an etag stood for, and what has happened since."""

from __future__ import annotations

from sqlalchemy import Integer, Uuid, and_, bindparam, exists, func, select
from sqlalchemy.orm import aliased

from server.content.documents.words import WORDS
from server.content.models import Document, Revision
from server.stores.statements import Statement

ID = bindparam("document_id", type_=Uuid())
GIVEN = bindparam("version", type_=Integer())
MOST_NAMED = 3
"""Accounts that are named. There may be more."""

AFTER = aliased(Revision)
BASE = (
    select(Revision.number)
    .where(
        Revision.document_id == Document.id,
        # Each save is a new version: the revision that an etag stands for is no further back than this.
        Revision.number >= Document.revision_number - (Document.version - GIVEN),
        Revision.version <= GIVEN,
    )
    .order_by(Revision.number.desc())
    .limit(1)
    .correlate(Document)
    .scalar_subquery()
)
LOOKED_FOR = (
    select(Document.id, Document.organisation_id, Document.version, Document.revision_number, BASE.label("number"))
    .where(Document.id == ID)
    .subquery("looked_for")
)
# A revision that does not say which version it is may be the one.
IS_UNSURE = exists().where(
    AFTER.document_id == LOOKED_FOR.c.id, AFTER.number == LOOKED_FOR.c.number + 1, AFTER.version.is_(None)
)

ONE, NEWEST, LATER = aliased(Revision), aliased(Revision), aliased(Revision)
IS_ONE = and_(ONE.document_id == LOOKED_FOR.c.id, ONE.number == LOOKED_FOR.c.number, ~IS_UNSURE)
STOOD_FOR = Statement(
    select(ONE.number, ONE.content_type_version, *(getattr(ONE, name) for name in WORDS))
    .select_from(LOOKED_FOR)
    .join(ONE, IS_ONE)
)
"""The revision that the etag of the document's `version` stands for, as it is read for a merge. None if that is not known."""

SAVES = (
    select(LATER.author_id, func.max(LATER.number).label("number"))
    .where(LATER.document_id == LOOKED_FOR.c.id, LATER.number > ONE.number)
    .group_by(LATER.author_id)
    .correlate(LOOKED_FOR, ONE)
)
NAMED = SAVES.order_by(func.max(LATER.number).desc()).limit(MOST_NAMED).subquery()
SINCE = Statement(
    select(
        LOOKED_FOR.c.organisation_id,
        LOOKED_FOR.c.version,
        LOOKED_FOR.c.revision_number,
        ONE.number.label("base_number"),
        func.array(select(NAMED.c.author_id).order_by(NAMED.c.number.desc()).scalar_subquery()).label("authors"),
        select(func.count()).select_from(SAVES.subquery()).scalar_subquery().label("author_count"),
        *(getattr(ONE, name).is_distinct_from(getattr(NEWEST, name)).label(name) for name in WORDS),
    )
    .select_from(LOOKED_FOR)
    .join(NEWEST, and_(NEWEST.document_id == LOOKED_FOR.c.id, NEWEST.number == LOOKED_FOR.c.revision_number))
    .outerjoin(ONE, IS_ONE)
)
"""Who has saved the document since that version, the last one first, and of each field whether it differs now."""
