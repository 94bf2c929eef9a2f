"""SQL: documents of a type, as far as it has a say in them: what the public sees, and the draft."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    Integer,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP, array

from gazette.content.v1.document_pb2 import DraftState
from server.content.models import Document, Revision
from server.stores.statements import Statement

BATCH = 200
"""Documents that are read and looked at together."""
BATCH_BYTES = 4 << 20
"""Of what they say; a first one may have more."""
WRITTEN_ON = (DraftState.DRAFT_STATE_DRAFT, DraftState.DRAFT_STATE_CHANGES_REQUESTED)
"""States of drafts that need not be complete."""

NAME = bindparam("name", type_=Text())
LIVE = case((Document.live_state != 0, Document.live_revision_number))
DRAFT = case((Document.draft_state != 0, Document.revision_number))
SIZE = func.coalesce(Revision.size_bytes, func.octet_length(Revision.body) + func.octet_length(cast(Revision.details, Text())))
SIDES = (Revision.document_id == Document.id) & (Revision.number == any_(array([LIVE, DRAFT], type_=Integer())))
SAID = (
    Document.id, Document.version, Document.organisation_id, Document.path, Document.locale, Revision.number,
    (Revision.number == LIVE).label("is_live"),
    or_(*(Document.draft_state == each for each in WRITTEN_ON)).label("is_written_on"),
    Revision.details, Revision.body, Revision.content_type_version, SIZE.label("size_bytes"),
)  # fmt: skip
WITH_BODY = bindparam("with_body", type_=Boolean())


def sides(which: Select[Any]) -> Statement:
    """Of these documents each side, or a row without one; fewer documents, where they say much."""
    ids = which.cte("which")
    rows = select(*SAID).join(ids, ids.c.id == Document.id).outerjoin(Revision, SIDES).subquery()
    above = func.coalesce(func.sum(rows.c.size_bytes).over(order_by=rows.c.id, groups=(None, -1)), 0).label("above")
    fitting = select(rows, above).subquery()
    short = [each for each in fitting.c if each.key not in {"details", "body"}]
    details = cast(fitting.c.details, Text()).label("details")
    columns = *short, details, case((WITH_BODY, fitting.c.body), else_="").label("body")
    return Statement(select(*columns).where(fitting.c.above < BATCH_BYTES).order_by(fitting.c.id, fitting.c.number))


OF_TYPE = Document.content_type == NAME
NEXT = sides(
    select(Document.id)
    .where(OF_TYPE, Document.id > bindparam("after", type_=Uuid()))
    .order_by(Document.id)
    .limit(literal_column(str(BATCH)))
)
"""The documents behind `after`, in the order of their creation."""
THESE = sides(select(Document.id).where(OF_TYPE, Document.id == any_(bindparam("ids", type_=ARRAY(Uuid())))))
COUNT = Statement(select(func.count()).where(OF_TYPE))
CHANGED = Statement(
    select(Document.id, Document.version)
    .where(OF_TYPE, Document.update_time >= bindparam("since", type_=TIMESTAMP(timezone=True)))
    .limit(bindparam("limit", type_=Integer()))
)
"""Those that were changed since then, in whatever order."""
